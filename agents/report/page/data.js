"use strict";
// From the packed text in the page to plain objects, and the smallest helpers for making elements.

async function readData() {
  const packed = document.getElementById("data").textContent.trim();
  if (typeof DecompressionStream === "undefined") {
    throw new Error("this browser is too old to unpack the data: it has no DecompressionStream.");
  }
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// make("td", {class: "number"}, "text", element, ...): texts are never read as HTML.
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// A part of the page; its id, with a capital, is what the line of links at the top says.
function section(id, title, ...children) {
  document.getElementById("nav").append(make("a", { href: "#" + id }, id[0].toUpperCase() + id.slice(1)));
  const element = make("section", { id }, make("h2", {}, title), ...children);
  document.getElementById("main").append(element);
  return element;
}

function choice(label, options, onChange, attributes) {
  const box = make("select", attributes || {}, ...options.map(([value, text]) => make("option", { value }, text)));
  box.addEventListener("change", () => onChange(box.value));
  return make("label", {}, label, box);
}

function table(head, rows, attributes) {
  const numeric = head.map((cell) => Array.isArray(cell));
  const cells = head.map((cell, i) => make("th", { class: numeric[i] && "number" }, numeric[i] ? cell[0] : cell));
  const body = rows.map(({ cells: row, differs }) =>
    make("tr", { class: differs && "differs" },
      ...row.map((cell, i) => make("td", { class: numeric[i] && "number" }, cell === null ? "" : cell))));
  return make("div", { class: "scroll" },
    make("table", attributes || {}, make("thead", {}, make("tr", {}, ...cells)), make("tbody", {}, ...body)));
}

const color = (index) => `var(--s${index % 8})`;
const percent = (value) => (value === null || value === undefined ? "" : (100 * value).toFixed(1) + " %");
const short = (value) => {
  if (value === null || value === undefined) return "";
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(3)));
};
