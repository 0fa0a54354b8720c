"use strict";
// The browser of preference pairs: chosen and rejected side by side, what tells their texts apart, and the tests that do.

function pairBrowser(data) {
  const margin = (pair) => pair.score_chosen - pair.score_rejected;
  return browser({
    items: data.pairs, noun: "pairs", pins: false,
    filters: [["run", data.runs.map((run, i) => [String(i), run.name]), (p) => String(p.run)], ["kind", null, (p) => p.kind]],
    orders: [["as learned"], ["task", byTask], ["largest margin", (a, b) => margin(b) - margin(a)], ["smallest margin", (a, b) => margin(a) - margin(b)]],
    text: (pair) => [pair.task_id, pair.chosen, pair.rejected, pair.error].join("\n"),
    row: (pair) => [make("span", { class: "verdict" }, pair.kind), ` ${pair.task_id || ""}`,
      make("small", {}, `${score(pair.score_chosen)} to ${score(pair.score_rejected)}  ${pair.error || firstLine(pair.rejected)}`)],
    sheet: (pair, { next }) => pairSheet(data, pair, next),
  });
}

const score = (value) => Number(value).toFixed(2);
const firstLine = (text) => text.split("\n").find((line) => line.trim()) || "(empty)";
const time = (seconds) => (seconds ? `, ${seconds < 0.1 ? `${short(1000 * seconds)} ms` : `${short(seconds)} s`} of CPU time` : "");

function pairSheet(data, pair, next) {
  const [chosen, rejected] = piecesApart(pair.chosen, pair.rejected);
  const diagnostics = pair.error ? [{ message: pair.error, start: pair.error_start, end: pair.error_end, start_line: 0, test_index: -1, score: 1 }] : [];
  const side = (name, ink, value, seconds, shown) => make("div", { class: "sample" },
    make("h3", {}, make("span", { class: `verdict ${ink}` }, name), make("span", { class: "soft" }, ` score ${score(value)}${time(seconds)}`)), shown);
  return make("article", { class: "sample" },
    make("h3", {}, make("span", { class: "verdict" }, pair.kind), pair.task_id ? ` · ${pair.task_id}` : ""),
    chips([["run", data.runs[pair.run].name], ["margin", score(pair.score_chosen - pair.score_rejected)], ["written by", pair.source]]),
    make("div", { class: "tools" }, next),
    promptOf(data, pair.prompt),
    make("div", { class: "details two" },
      side("chosen", "pass", pair.score_chosen, pair.seconds_chosen, code(pair.chosen, [], chosen)),
      side("rejected", "error", pair.score_rejected, pair.seconds_rejected, code(pair.rejected, diagnostics, rejected))),
    testsApart(pair));
}

function testsApart(pair) {
  const mark = (passes) => make("span", { class: passes ? "pass" : "fail" }, passes ? "✓ passes" : "✗ does not");
  const rows = [[pair.tests_chosen, true], [pair.tests_rejected, false]].flatMap(([tests, byChosen]) =>
    (tests ? tests.split("\n") : []).map((test) => ({ cells: [test, mark(byChosen), mark(!byChosen)] })));
  if (rows.length) return table(["test that tells them apart", "chosen", "rejected"], rows, { class: "values" });
  const why = pair.kind === "efficiency" ? "Both pass the credible tests; the chosen one is cheaper." : "Which tests tell them apart is not known.";
  return make("p", { class: "soft" }, why);
}
