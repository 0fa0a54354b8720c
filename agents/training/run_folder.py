"""Names of the files in a run's folder, and the states of its record: light, so that a report needs no torch."""

SETTINGS, LATEST, MODEL = "settings.json", "latest.zip", "model"
RUN, SAMPLES, PAIRS = "run.json", "samples.jsonl", "pairs.jsonl"
RUNNING, STOPPED, FINISHED = "running", "stopped", "finished"
