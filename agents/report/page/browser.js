"use strict";
// A browser of many things: filters, a list that draws only the rows in sight, and the chosen one beside it.

const ROW = 44;
const COLLATOR = new Intl.Collator(undefined, { numeric: true }); // one for all: comparing with a new one takes ten times as long

// things: {items, noun, filters: [[label, options, of]], orders: [[label, compare] or [label]], text(item), row(item), sheet(item, tools)}
// tools: {pin, next: buttons, redraw()}. Where a filter's options are null they are the values that there are.
function browser({ items, noun, filters, orders, text, row, sheet, pins }) {
  const state = { wanted: filters.map(() => ""), text: "", order: 0, chosen: 0, pinned: null, shown: [] };
  const list = make("div", { class: "list", tabindex: 0, role: "listbox", "aria-label": noun });
  const roll = make("div", {});
  list.append(roll);
  const details = make("div", { class: "details" });
  const count = make("span", { class: "soft" });
  const lower = items.map((item) => text(item).toLowerCase());

  const names = (of) => [...new Set(items.map(of))].sort().map((name) => [name, name]);
  const picks = filters.map(([label, options, of], i) =>
    choice(label, [["", "all"], ...(options || names(of))], (value) => { state.wanted[i] = value; choose(); }));
  const search = make("input", { type: "search", placeholder: "text or task", "aria-label": `search ${noun}` });
  let typing = 0;
  search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => { state.text = search.value.toLowerCase(); choose(); }, 120); });
  const sorting = choice("order", orders.map(([label], i) => [String(i), label]), (value) => { state.order = Number(value); choose(); });
  const tools = make("div", { class: "tools" }, ...picks, sorting, search, count);

  function choose() {
    const wanted = (item, i) => filters.every(([, , of], f) => !state.wanted[f] || of(item) === state.wanted[f]) && (!state.text || lower[i].includes(state.text));
    state.shown = items.map((_, i) => i).filter((i) => wanted(items[i], i));
    const compare = orders[state.order][1];
    if (compare) state.shown.sort((a, b) => compare(items[a], items[b]));
    count.textContent = `${state.shown.length} of ${items.length} ${noun}`;
    roll.style.height = `${state.shown.length * ROW}px`;
    list.scrollTop = 0;
    state.chosen = 0;
    drawRows();
    drawDetails();
  }

  function drawRows() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5);
    const last = Math.min(state.shown.length, first + Math.ceil(list.clientHeight / ROW) + 10);
    const rows = [];
    for (let place = first; place < last; place++) {
      rows.push(make("div", { class: "row", role: "option", id: `${noun}-${place}`, style: `top:${place * ROW}px`,
        "aria-selected": String(place === state.chosen), onclick: () => pick(place) }, ...row(items[state.shown[place]])));
    }
    roll.replaceChildren(...rows);
  }

  function pick(place) {
    state.chosen = Math.min(Math.max(place, 0), state.shown.length - 1);
    const top = state.chosen * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
    list.setAttribute("aria-activedescendant", `${noun}-${state.chosen}`);
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
    details.replaceChildren(...shown.map((i) => sheet(items[i], buttons(i))));
    if (!shown.length) details.append(make("p", { class: "soft" }, `There are no ${noun} like that.`));
  }

  function buttons(index) {
    const pinned = index === state.pinned;
    const pin = pins && make("button", { type: "button", "aria-pressed": String(pinned), title: "keep it beside the next one",
      onclick: () => { state.pinned = pinned ? null : index; drawDetails(); } }, pinned ? "unpin" : "pin");
    const like = state.shown.findIndex((i, place) => place > state.chosen && items[i].task_id === items[index].task_id);
    const next = make("button", { type: "button", disabled: like < 0 ? "" : null, onclick: () => pick(like) }, "next of this task");
    return { pin: pin || null, next, redraw: drawDetails };
  }

  choose();
  return [tools, make("div", { class: "browser" }, list, details)];
}

const byTask = (a, b) => COLLATOR.compare(a.task_id || "", b.task_id || "");

// Facts about a thing, those left out that are not known.
function chips(facts) {
  const known = facts.filter(([, value]) => value !== undefined && value !== "" && value !== 0);
  return make("div", { class: "chips" }, ...known.map(([name, value]) => make("span", {}, `${name} ${value}`)));
}

// What was asked, folded; opened once, it stays so for the next one.
const asked = { open: false };
function promptOf(data, place) {
  if (place === undefined) return null;
  return make("details", { open: asked.open ? "" : null, ontoggle: (event) => { if (event.target.isConnected) asked.open = event.target.open; } },
    make("summary", {}, "prompt"), make("pre", { class: "prompt" }, data.prompts[place]));
}
