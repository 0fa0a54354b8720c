"use strict";
// The sections of the page, from top to bottom.

const MAIN_CURVES = [
  ["rollout/success_rate", "programs that pass every test", true], ["rollout/pass_rate", "tests passed", true],
  ["rollout/ep_rew_mean", "reward of an episode", false], ["rewards/accuracies", "preferred above rejected", true],
  ["rewards/margins", "margin of chosen over rejected", false], ["train/loss", "loss", false],
];
const VERDICT_INK = { pass: "var(--pass)", fail: "var(--fail)", error: "var(--error)", timeout: "var(--timeout)", infra_error: "var(--infra_error)" };
const MOST_KINDS = 8;
let smoothing = 5;

function showNotes(data) {
  if (!data.notes.length) return;
  document.getElementById("main").append(make("section", { class: "notes", id: "notes" }, ...data.notes.map((note) => make("p", {}, note))));
}

function showRuns(data) {
  const group = data.runs.map((_, i) => data.groups.findIndex((one) => one.runs.includes(i)));
  const rows = data.runs.map((run, i) => ({ cells: [
    make("span", { class: "name" }, make("span", { class: "dot", style: `background:${color(group[i])}` }), run.name), run.kind,
    run.status === "running" ? make("b", { class: "timeout" }, "not finished") : run.status, run.suites.join(", "),
    run.model.parameters ? `${short(run.model.parameters / 1e6)} M` : "", run.seed === null ? "" : String(run.seed),
    run.timesteps ? `${run.timesteps} ${run.timestep_unit}` : "", run.success === null ? "" : `${percent(run.success)} ${run.success_is}`, run.seconds === null ? "" : `${Math.round(run.seconds)} s`] }));
  section("runs", "Runs", table(["run", "kind", "status", "suite", ["parameters"], ["seed"], ["learned from"], ["at last"], ["time"]], rows));
}

// What a curve's steps count: "programs", "pairs", or both.
const timestepsOf = (data) => [...new Set(data.groups.filter((group) => Object.keys(group.curves).length).map((group) => data.runs[group.runs[0]].timestep_unit))].join(" or ");

function seriesOf(data, key) {
  return data.groups.map((group, i) => ({ name: group.name, color: color(i), unit: data.runs[group.runs[0]].timestep_unit, ...group.curves[key] })).filter((one) => one.steps);
}

function showCurves(data) {
  const keys = [...new Set(data.groups.flatMap((group) => Object.keys(group.curves)))];
  if (!keys.length) return;
  const charts = make("div", { class: "charts" });
  const options = { smoothing: () => smoothing };
  const add = (key, title, isPercent) => { // programs and pairs are counted, and lost, in ways of their own: no axis for both
    const all = seriesOf(data, key), units = [...new Set(all.map((one) => one.unit))];
    for (const unit of units) charts.append(lineChart(units.length > 1 ? `${title}, over ${unit}` : title, all.filter((one) => one.unit === unit), { ...options, percent: isPercent }));
  };
  for (const [key, title, isPercent] of MAIN_CURVES) if (keys.includes(key)) add(key, title, isPercent);
  const others = keys.filter((key) => !MAIN_CURVES.some(([main]) => main === key) && !/^(scope|reward)\//.test(key));
  const more = choice("add a curve", [["", "…"], ...others.map((key) => [key, key])], (key) => key && add(key, key, false));
  const redraw = () => charts.querySelectorAll(".chart").forEach((one) => one.redraw());
  const slider = make("input", { type: "range", min: 1, max: 40, value: smoothing, oninput: (event) => { smoothing = Number(event.target.value); redraw(); } });
  const legend = make("div", { class: "legend" }, ...data.groups.filter((group) => Object.keys(group.curves).length)
    .map((group) => tipLine(color(data.groups.indexOf(group)), group.name)));
  const seeds = data.groups.some((group) => group.runs.length > 1) ? "Bands are 95 % intervals of the mean over seeds." : "";
  section("learning", "Learning curves", make("div", { class: "tools" }, make("label", {}, "smoothing", slider), more), legend, charts,
    make("p", { class: "soft" }, `Over ${timestepsOf(data)} learned from. ${seeds}`));
}

function showRewards(data) {
  const keys = [...new Set(data.groups.flatMap((group) => Object.keys(group.curves)))].filter((key) => key.startsWith("reward/"));
  if (!keys.length) return;
  const charts = keys.map((key) => lineChart(key.slice(7), seriesOf(data, key), { smoothing: () => smoothing, percent: false }));
  section("rewards", "Parts of the reward", make("div", { class: "charts" }, ...charts));
}

function showFlows(data) {
  const withFlows = data.groups.map((group, i) => [String(i), group.name]).filter(([i]) => data.flows[i]);
  if (!withFlows.length) return;
  const charts = make("div", { class: "charts" });
  const draw = (index) => {
    const flows = data.flows[index];
    charts.replaceChildren(...[["verdict", "verdicts"], ["kind", "kinds of error"]].map(([key, title]) =>
      stackChart(title, flows.steps, layersOf(flows[key], key))));
  };
  draw(withFlows[0][0]);
  section("verdicts", "What becomes of the programs", make("div", { class: "tools" }, choice("run", withFlows, draw)), charts);
}

function layersOf(values, key) {
  const total = (name) => values[name].reduce((sum, value) => sum + value, 0);
  const rank = (name) => (key === "verdict" ? Object.keys(VERDICT_INK).indexOf(name) : -total(name));
  const names = Object.keys(values).filter((name) => key !== "kind" || name !== "none").sort((a, b) => rank(a) - rank(b));
  const shown = names.slice(0, MOST_KINDS), rest = names.slice(MOST_KINDS);
  const layers = shown.map((name, i) => ({ name, color: (key === "verdict" && VERDICT_INK[name]) || color(i), values: values[name] }));
  if (rest.length) layers.push({ name: "others", color: "var(--unjudged)", values: values[rest[0]].map((_, i) => rest.reduce((sum, name) => sum + values[name][i], 0)) });
  return layers;
}

function intervalBar(interval) {
  const place = (value) => `${(100 * value).toFixed(2)}%`;
  return make("div", { class: "bar", title: intervalText(interval) }, make("i", { style: `left:${place(interval.low)};width:${place(interval.high - interval.low)}` }),
    make("b", { style: `left:calc(${place(interval.estimate)} - .12rem)` }));
}

const intervalText = (one) => (one.estimate === null ? "no programs" : `${percent(one.estimate)} [${(100 * one.low).toFixed(1)}, ${(100 * one.high).toFixed(1)}]`);

function showEvaluations(data) {
  if (!data.evaluations.length) return;
  const rows = data.evaluations.flatMap((one) => Object.entries(one.pass_at).map(([k, interval]) => ({ cells: [
    data.runs[one.run].name, one.suite, `pass@${k}`, intervalText(interval), interval.estimate === null ? "" : intervalBar(interval),
    String(one.problems.length), make("span", { class: "wide" }, settingText(one.setting))] })));
  const parts = data.evaluations.map((one) => make("details", {}, make("summary", {}, `${data.runs[one.run].name}, ${one.suite}: more`), ...evaluationDetails(one)));
  section("evaluations", "Evaluations", table(["run", "suite", "", ["95 %"], "", ["problems"], "setting"], rows), ...parts);
}

function evaluationDetails(one) {
  const groups = [...Object.entries(one.by_difficulty), ...Object.entries(one.by_tag).map(([name, at]) => [`tag ${name}`, at]).slice(0, 40)];
  const head = ["", ...Object.keys(one.pass_at).map((k) => [`pass@${k}`])];
  const rows = groups.map(([name, at]) => ({ cells: [name, ...Object.values(at).map(intervalText)] }));
  const extra = [...Object.entries(one.reranked).map(([name, interval]) => [`pass@1, chosen by ${name}`, interval]),
    ...one.after_turn.map((interval, turn) => [`pass@1 after ${turn} ${"rounds" in one.setting ? "more rounds" : "repairs"}`, interval])];
  const total = Object.values(one.kinds).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(one.kinds).map(([kind, count]) => `${kind === "none" ? "passed" : kind} ${percent(count / total)}`).join(", ");
  return [rows.length ? table(head, rows) : null, ...extra.map(([name, interval]) => make("p", {}, `${name}: ${intervalText(interval)}`)),
    make("p", { class: "soft" }, `${total} programs: ${kinds}`), ...one.notes.map((note) => make("p", {}, note)),
    one.missing.length ? make("p", {}, `${one.missing.length} problems have no verdict and are not counted: ${one.missing.slice(0, 20).join(", ")}`) : null];
}

const settingText = (setting) => Object.entries(setting).filter(([name]) => name !== "model" && name !== "samples").map(([name, value]) => `${name} ${value}`).join(", ");

function showComparisons(data) {
  if (!data.comparisons.length) return;
  const parts = data.comparisons.map((one) => {
    const points = (value) => `${value >= 0 ? "+" : ""}${(100 * value).toFixed(1)}`;
    const change = `${points(one.difference.estimate)} [${points(one.difference.low)}, ${points(one.difference.high)}]`;
    const kinds = Object.entries(one.kinds).filter(([kind, shares]) => kind !== "none" && Math.max(...shares) >= 0.001)
      .map(([kind, [before, after]]) => ({ cells: [kind, percent(before), percent(after), points(after - before)] }));
    const fast = one.efficiency;
    return make("div", {}, make("h3", {}, `${data.runs[one.before_run].name} → ${data.runs[one.after_run].name}, ${one.suite}`),
      table(["", ["before"], ["after"], ["change"]], [{ cells: ["pass@1", intervalText(one.before), intervalText(one.after), change] }, ...kinds]),
      make("p", {}, `${one.won.length} problems won, ${one.lost.length} lost of ${one.problems}; paired permutation test p = ${short(one.p_permutation)}, sign test p = ${short(one.p_sign)}.`),
      fast ? make("p", {}, `On ${fast.problems} problems solved by both, run beside each other: ${short(fast.speed_up.estimate)} times as fast [${short(fast.speed_up.low)}, ${short(fast.speed_up.high)}], at least 10 % cheaper on ${intervalText(fast.share_cheaper)}.`) : null,
      make("details", {}, make("summary", {}, "problems"), make("p", {}, `won: ${one.won.join(", ") || "none"}`), make("p", {}, `lost: ${one.lost.join(", ") || "none"}`)));
  });
  section("comparisons", "Before and after", ...parts);
}

function showSettings(data) {
  const place = make("div", {});
  const draw = (all) => {
    const parts = [["setting", "settings"], ["version", "versions"]].map(([title, key]) => {
      const names = [...new Set(data.runs.flatMap((run) => Object.keys(run[key])))];
      const rows = names.map((name) => ({ cells: [name, ...data.runs.map((run) => run[key][name] === undefined ? "" : String(run[key][name]))] }))
        .map((row) => ({ ...row, differs: new Set(row.cells.slice(1)).size > 1 })).filter((row) => all || row.differs);
      return rows.length ? table([title, ...data.runs.map((run) => run.name)], rows) : make("p", { class: "soft" }, `There is no ${title} to show.`);
    });
    place.replaceChildren(...parts);
  };
  const only = make("input", { type: "checkbox", onchange: (event) => draw(!event.target.checked) });
  draw(true);
  section("settings", "Settings and versions", data.runs.length > 1 ? make("div", { class: "tools" }, make("label", {}, only, "only what differs")) : null, place,
    make("p", { class: "soft" }, `Written by codegym ${data.codegym}.`));
}

function themeButton() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => (root.dataset.theme = dark.matches ? "dark" : "light");
  follow();
  dark.addEventListener("change", follow);
  document.getElementById("theme").addEventListener("click", () => (root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark"));
}

themeButton();
readData().then((data) => {
  document.getElementById("loading").remove();
  for (const show of [showNotes, showRuns, showEvaluations, showComparisons, showCurves, showRewards, showFlows]) show(data);
  if (data.pairs.length) section("pairs", "Preference pairs", ...pairBrowser(data));
  if (data.samples.length) section("programs", "Programs", ...sampleBrowser(data));
  showSettings(data);
  document.documentElement.dataset.ready = "yes";
}).catch((error) => {
  document.getElementById("main").prepend(make("p", { class: "error" }, `The page cannot be drawn: ${error.message}`));
  throw error;
});
