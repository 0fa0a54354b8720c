"""What the benchmarks of the judge share: contestants, tasks, the machine, reports."""
