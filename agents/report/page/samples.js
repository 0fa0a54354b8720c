"use strict";
// The browser of programs: each with its diagnostics, its tests, and its tokens by credit.

const LETTERS = { ".": ["pass", "passed"], F: ["fail", "failed"], E: ["error", "error"], T: ["timeout", "timeout"], I: ["infra_error", "the machine failed"],
  U: ["unjudged", "the test is at fault"], "-": ["not_run", "not run"] };

function sampleBrowser(data) {
  const shows = { tokens: true };
  const advantage = (sample) => sample.advantage ?? 0;
  const hasAdvantages = data.samples.some((sample) => sample.advantage !== undefined);
  return browser({
    items: data.samples, noun: "programs", pins: true,
    filters: [["run", data.runs.map((run, i) => [String(i), run.name]), (s) => String(s.run)], ["verdict", null, (s) => s.verdict], ["kind", null, (s) => s.kind]],
    orders: [["as written"], ["task", byTask],
      ...(hasAdvantages ? [["best advantage", (a, b) => advantage(b) - advantage(a)], ["worst advantage", (a, b) => advantage(a) - advantage(b)]] : [])],
    text: (sample) => `${sample.task_id}\n${sample.completion}`,
    row: sampleRow,
    sheet: (sample, tools) => sampleSheet(data, sample, tools, shows),
  });
}

function sampleRow(sample) {
  const line = sample.completion.split("\n").find((text) => text.trim()) || "(empty)";
  return [make("span", { class: `verdict ${sample.verdict}` }, sample.verdict), ` ${sample.task_id}`,
    make("span", { class: "soft" }, sample.step ? `  at ${sample.step}` : ""), make("small", {}, line)];
}

function sampleSheet(data, sample, { pin, next, redraw }, shows) {
  const hasTokens = Boolean(sample.lengths);
  const tokens = hasTokens && make("button", { type: "button", "aria-pressed": String(shows.tokens),
    onclick: () => { shows.tokens = !shows.tokens; redraw(); } }, "tokens by credit");
  const facts = [["run", data.runs[sample.run].name], ["part", sample.part], ["written at", sample.step], ["turn", sample.turn],
    ["advantage", sample.advantage === undefined ? "" : short(sample.advantage)],
    ...Object.entries(sample.rewards || {}).map(([name, value]) => [`reward ${name}`, short(value)])];
  const pieces = shows.tokens && hasTokens ? { lengths: sample.lengths, credit: sample.credit, ink: "token" } : null;
  return make("article", { class: "sample" },
    make("h3", {}, make("span", { class: `verdict ${sample.verdict}` }, sample.verdict), ` ${sample.kind === "none" ? "" : sample.kind} · ${sample.task_id}`),
    chips(facts),
    make("div", { class: "tools" }, pin, next, tokens || null,
      pieces && sample.most_credit ? make("span", { class: "soft" }, `−${short(sample.most_credit)}`, make("span", { class: "scale" }), `+${short(sample.most_credit)}`) : null),
    code(sample.completion, sample.diagnostics || [], pieces), ...testsOf(sample), promptOf(data, sample.prompt));
}

function testsOf(sample) {
  if (!sample.tests) return [];
  const marks = [...sample.tests].slice(0, 200).map((letter) => make("span", { class: LETTERS[letter]?.[0], title: LETTERS[letter]?.[1] }, letter === "." ? "✓" : letter));
  const rest = sample.tests.length > 200 ? ` and ${sample.tests.length - 200} more` : "";
  const parts = [make("div", { class: "tests" }, make("span", { class: "soft" }, "tests "), ...marks, rest)];
  const failed = (sample.failed_tests || []).filter((test) => test.call || test.expected || test.actual);
  if (failed.length) {
    parts.push(table(["test", "call", "got", "expected"], failed.map((test) => ({
      cells: [`${test.index} ${test.public ? "public" : "private"}`, test.call ?? "", test.actual ?? test.kind ?? "", test.expected ?? ""] })), { class: "values" }));
  }
  return parts;
}
