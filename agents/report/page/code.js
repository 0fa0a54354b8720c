"use strict";
// A program with what was said about it: failing spans underlined, pieces coloured; and what tells two programs apart.

// The text cut at every border of a piece, a place and a line; all are counted in characters, not in UTF-16 units.
// pieces: null or {lengths, credit: -100 to 100 of each, ink: a class}.
function code(text, allDiagnostics, pieces) {
  const characters = Array.from(text);
  const diagnostics = allDiagnostics.filter((found) => found.source !== "lint");
  const credit = new Int16Array(characters.length), piece = new Int32Array(characters.length).fill(-1);
  if (pieces) {
    let place = 0;
    pieces.lengths.forEach((length, i) => { for (let end = place + length; place < end; place++) { credit[place] = pieces.credit[i]; piece[place] = i; } });
  }
  const wrong = new Array(characters.length).fill(null);
  for (const found of [...diagnostics].reverse()) {
    for (let i = Math.max(found.start, 0); found.start >= 0 && i < Math.max(found.end, found.start + 1) && i < characters.length; i++) wrong[i] = found;
  }
  const block = make("div", { class: "code" });
  let line = make("div", { class: "line" }), from = 0;
  const said = new Set(), told = new Set();
  const flush = (to) => {
    if (to > from) {
      const found = wrong[from], shade = credit[from] / 100;
      const mark = found ? (found.score < 1 ? "suspected" : "wrong") : "";
      const ground = shade ? `background:rgba(var(--${shade > 0 ? "good" : "bad"}),${(0.6 * Math.abs(shade)).toFixed(2)})` : null;
      line.append(make("span", { class: `${piece[from] >= 0 ? pieces.ink : ""} ${mark}`.trim() || null, style: ground, title: found ? found.message : null },
        characters.slice(from, to).join("")));
      if (found) said.add(found);
    }
    from = to;
  };
  const tell = (found) => {
    if (!told.has(found)) block.append(message(found));
    told.add(found);
  };
  const endLine = (isLast) => {
    if (!isLast || line.hasChildNodes() || !block.hasChildNodes()) block.append(line);
    said.forEach(tell);
    said.clear();
    line = make("div", { class: "line" });
  };
  for (let i = 0; i < characters.length; i++) {
    if (i > from && (piece[i] !== piece[i - 1] || wrong[i] !== wrong[i - 1])) flush(i);
    if (characters[i] === "\n") {
      flush(i);
      from = i + 1;
      endLine();
    }
  }
  flush(characters.length);
  endLine(true);
  diagnostics.forEach(tell);
  return block;
}

function message(found) {
  const where = found.start >= 0 || !found.start_line ? "" : `line ${found.start_line} of the given code: `;
  const test = found.test_index >= 0 ? ` (test ${found.test_index})` : "";
  const score = found.score < 1 ? ` ${short(found.score)}` : "";
  return make("div", { class: `said${found.score < 1 ? " suspected" : ""}` }, `↑ ${where}${found.message}${score}${test}`);
}

const WORD = /[\p{L}\p{N}_]+|\s+|./gsu;
const MOST_CELLS = 4e6;

// The words of two texts as pieces: what the other has too gets no colour.
function piecesApart(first, second) {
  const a = first.match(WORD) || [], b = second.match(WORD) || [];
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const shared = sharedWords(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const pieces = (words, marks, sign) => ({
    lengths: words.map((word) => Array.from(word).length), ink: "apart",
    credit: words.map((_, i) => (i < head || i >= words.length - tail || marks[i - head] ? 0 : sign)) });
  return [pieces(a, shared[0], 55), pieces(b, shared[1], -55)];
}

// Which words belong to a longest common subsequence; none where looking for it would take too long.
function sharedWords(a, b) {
  const marks = [new Uint8Array(a.length), new Uint8Array(b.length)], width = b.length + 1;
  if (a.length * b.length > MOST_CELLS) return marks;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) marks[0][i++] = marks[1][j++] = 1;
    else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i++;
    else j++;
  }
  return marks;
}
