"use strict";
// The browser of programs: a list that draws only the rows in sight, and the chosen program with its places and tokens.

const ROW = 44;
const LETTERS = { ".": ["pass", "passed"], F: ["fail", "failed"], E: ["error", "error"], T: ["timeout", "timeout"], I: ["infra_error", "the machine failed"] };

function sampleBrowser(data) {
  const state = { run: "", verdict: "", kind: "", text: "", order: "written", chosen: 0, pinned: null, tokens: true, shown: [] };
  const list = make("div", { class: "list", tabindex: 0, role: "listbox", "aria-label": "programs" });
  const sheet = make("div", {});
  list.append(sheet);
  const details = make("div", { class: "details" });
  const count = make("span", { class: "soft" });
  const lower = data.samples.map((sample) => `${sample.task_id}\n${sample.completion}`.toLowerCase());

  const names = (key) => [["", "all"], ...[...new Set(data.samples.map((s) => s[key]))].sort().map((name) => [name, name])];
  const runs = [["", "all"], ...data.runs.map((run, i) => [String(i), run.name])];
  const set = (key) => (value) => { state[key] = value; choose(); };
  const search = make("input", { type: "search", placeholder: "text or task", "aria-label": "search" });
  let typing = 0;
  search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => set("text")(search.value.toLowerCase()), 120); });
  const orders = [["written", "as written"], ["task_id", "task"], ["best", "best advantage"], ["worst", "worst advantage"]];
  const tools = make("div", { class: "tools" }, choice("run", runs, set("run")), choice("verdict", names("verdict"), set("verdict")),
    choice("kind", names("kind"), set("kind")), choice("order", orders, set("order")), search, count);

  function choose() {
    const wanted = (s, i) => (!state.run || s.run === Number(state.run)) && (!state.verdict || s.verdict === state.verdict) &&
      (!state.kind || s.kind === state.kind) && (!state.text || lower[i].includes(state.text));
    state.shown = data.samples.map((_, i) => i).filter((i) => wanted(data.samples[i], i));
    const advantage = (i) => data.samples[i].advantage ?? 0;
    if (state.order === "task_id") state.shown.sort((a, b) => data.samples[a].task_id.localeCompare(data.samples[b].task_id, undefined, { numeric: true }));
    if (state.order === "best") state.shown.sort((a, b) => advantage(b) - advantage(a));
    if (state.order === "worst") state.shown.sort((a, b) => advantage(a) - advantage(b));
    count.textContent = `${state.shown.length} of ${data.samples.length} programs`;
    sheet.style.height = `${state.shown.length * ROW}px`;
    list.scrollTop = 0;
    state.chosen = 0;
    drawRows();
    drawDetails();
  }

  function drawRows() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5);
    const last = Math.min(state.shown.length, first + Math.ceil(list.clientHeight / ROW) + 10);
    const rows = [];
    for (let place = first; place < last; place++) rows.push(row(place));
    sheet.replaceChildren(...rows);
  }

  function row(place) {
    const sample = data.samples[state.shown[place]];
    const line = sample.completion.split("\n").find((text) => text.trim()) || "(empty)";
    return make("div", { class: "row", role: "option", id: `row-${place}`, style: `top:${place * ROW}px`, "aria-selected": String(place === state.chosen),
      onclick: () => pick(place) }, make("span", { class: `verdict ${sample.verdict}` }, sample.verdict), ` ${sample.task_id}`,
      make("span", { class: "soft" }, sample.step ? `  at ${sample.step}` : ""), make("small", {}, line));
  }

  function pick(place) {
    state.chosen = Math.min(Math.max(place, 0), state.shown.length - 1);
    const top = state.chosen * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
    list.setAttribute("aria-activedescendant", `row-${state.chosen}`);
    drawRows();
    drawDetails();
  }

  list.addEventListener("scroll", () => requestAnimationFrame(drawRows), { passive: true });
  list.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }[event.key];
    if (!move) return;
    event.preventDefault();
    pick(state.chosen + move);
  });
  new ResizeObserver(drawRows).observe(list);

  function drawDetails() {
    const index = state.shown[state.chosen];
    const shown = index === undefined ? [] : [index];
    if (state.pinned !== null && state.pinned !== index) shown.unshift(state.pinned);
    details.className = shown.length > 1 ? "details two" : "details";
    details.replaceChildren(...shown.map((i) => sheetOf(i)));
    if (!shown.length) details.append(make("p", { class: "soft" }, "No program is like that."));
  }

  function sheetOf(index) {
    const sample = data.samples[index];
    const pinned = index === state.pinned;
    const pin = make("button", { type: "button", "aria-pressed": String(pinned), title: "keep it beside the next one",
      onclick: () => { state.pinned = pinned ? null : index; drawDetails(); } }, pinned ? "unpin" : "pin");
    const like = state.shown.findIndex((i, place) => place > state.chosen && data.samples[i].task_id === sample.task_id);
    const next = make("button", { type: "button", disabled: like < 0 ? "" : null, onclick: () => pick(like) }, "next of this task");
    const hasTokens = Boolean(sample.lengths);
    const tokens = hasTokens && make("button", { type: "button", "aria-pressed": String(state.tokens),
      onclick: () => { state.tokens = !state.tokens; drawDetails(); } }, "tokens by credit");
    const prompt = data.prompts[sample.task_id];
    const facts = [["run", data.runs[sample.run].name], ["part", sample.part], ["written at", sample.step], ["turn", sample.turn],
      ["advantage", sample.advantage === undefined ? "" : short(sample.advantage)],
      ...Object.entries(sample.rewards || {}).map(([name, value]) => [`reward ${name}`, short(value)])];
    return make("article", { class: "sample" },
      make("h3", {}, make("span", { class: `verdict ${sample.verdict}` }, sample.verdict), ` ${sample.kind === "none" ? "" : sample.kind} · ${sample.task_id}`),
      make("div", { class: "chips" }, ...facts.filter(([, value]) => value !== undefined && value !== "" && value !== 0)
        .map(([name, value]) => make("span", {}, `${name} ${value}`))),
      make("div", { class: "tools" }, pin, next, tokens || null,
        hasTokens && state.tokens && sample.most_credit ? make("span", { class: "soft" }, `−${short(sample.most_credit)}`, make("span", { class: "scale" }), `+${short(sample.most_credit)}`) : null),
      code(sample, state.tokens && hasTokens), ...testsOf(sample),
      prompt ? make("details", {}, make("summary", {}, "prompt"), make("pre", { class: "prompt" }, prompt)) : null);
  }

  choose();
  return [tools, make("div", { class: "browser" }, list, details)];
}

// The text cut at every border of a token, a place and a line; places are counted in characters, not in UTF-16 units.
function code(sample, withTokens) {
  const characters = Array.from(sample.completion);
  const places = (sample.places || []).filter((found) => found.source !== "lint");
  const credit = new Int16Array(characters.length), token = new Int32Array(characters.length).fill(-1);
  if (withTokens) {
    let place = 0;
    sample.lengths.forEach((length, i) => { for (let end = place + length; place < end; place++) { credit[place] = sample.credit[i]; token[place] = i; } });
  }
  const wrong = new Array(characters.length).fill(null);
  for (const found of [...places].reverse()) {
    for (let i = Math.max(found.start, 0); found.start >= 0 && i < Math.max(found.end, found.start + 1) && i < characters.length; i++) wrong[i] = found;
  }
  const block = make("div", { class: "code" });
  let line = make("div", { class: "line" }), from = 0;
  const said = new Set();
  const flush = (to) => {
    if (to > from) {
      const found = wrong[from], shade = credit[from] / 100;
      const mark = found ? (found.score < 1 ? "suspected" : "wrong") : "";
      const ground = shade ? `background:rgba(var(--${shade > 0 ? "good" : "bad"}),${(0.6 * Math.abs(shade)).toFixed(2)})` : null;
      line.append(make("span", { class: `${token[from] >= 0 ? "token" : ""} ${mark}`.trim() || null, style: ground, title: found ? found.message : null },
        characters.slice(from, to).join("")));
      if (found) said.add(found);
    }
    from = to;
  };
  const endLine = () => {
    block.append(line);
    for (const found of said) if (!found.shown) block.append(message(found));
    for (const found of said) found.shown = true;
    said.clear();
    line = make("div", { class: "line" });
  };
  for (const found of places) found.shown = false;
  for (let i = 0; i < characters.length; i++) {
    if (i > from && (token[i] !== token[i - 1] || wrong[i] !== wrong[i - 1])) flush(i);
    if (characters[i] === "\n") {
      flush(i);
      from = i + 1;
      endLine();
    }
  }
  flush(characters.length);
  endLine();
  for (const found of places) if (!found.shown) block.append(message(found));
  return block;
}

function message(found) {
  const where = found.start >= 0 || !found.start_line ? "" : `line ${found.start_line} of the given code: `;
  const test = found.test_index >= 0 ? ` (test ${found.test_index})` : "";
  const score = found.score < 1 ? ` ${short(found.score)}` : "";
  return make("div", { class: `said${found.score < 1 ? " suspected" : ""}` }, `↑ ${where}${found.message}${score}${test}`);
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
