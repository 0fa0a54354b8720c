"use strict";
// Curves with bands, and stacked shares: SVG drawn anew whenever its place changes its width.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 44, right: 8, top: 8, bottom: 22 };
const HEIGHT = 220;

function shape(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => rough <= factor * power * 1.0001);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) {
    found.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  }
  return found;
}

// Trailing means over some points: noise goes, and nothing of the future shows.
function smoothed(values, window) {
  if (window < 2) return values;
  let sum = 0;
  return values.map((value, i) => {
    sum += value - (i >= window ? values[i - window] : 0);
    return sum / Math.min(i + 1, window);
  });
}

// A chart that draws itself: plot(svg, width) -> {x, at} for the tip, again whenever its width changes.
function chart(title, plot, legend) {
  const svg = shape("svg", { role: "img", "aria-label": title });
  const tip = make("div", { class: "tip", hidden: "" });
  const place = make("div", { class: "chart" }, make("h3", {}, title), svg, legend || null, tip);
  let drawn = null;
  const draw = () => {
    const width = svg.clientWidth;
    if (!width) return;
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    drawn = plot(svg, width);
  };
  const hide = () => {
    tip.hidden = true;
    svg.querySelector(".hair")?.remove();
  };
  svg.addEventListener("pointermove", (event) => {
    if (!drawn) return;
    const box = svg.getBoundingClientRect();
    const found = drawn.at(event.clientX - box.left);
    hide();
    if (!found) return;
    svg.append(shape("line", { class: "hair", x1: found.x, x2: found.x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }));
    tip.replaceChildren(...found.lines);
    tip.hidden = false;
    const left = found.x > box.width / 2 ? found.x - tip.offsetWidth - 10 : found.x + 10;
    tip.style.left = `${Math.max(0, Math.min(left, box.width - tip.offsetWidth))}px`;
    tip.style.top = `${box.top - place.getBoundingClientRect().top + 10}px`;
  });
  svg.addEventListener("pointerleave", hide);
  new ResizeObserver(draw).observe(svg);
  place.redraw = draw;
  return place;
}

function axes(svg, width, xs, ys, format) {
  const [x0, x1] = xs, [y0, y1] = ys;
  const x = (value) => MARGIN.left + ((value - x0) / (x1 - x0 || 1)) * (width - MARGIN.left - MARGIN.right);
  const y = (value) => HEIGHT - MARGIN.bottom - ((value - y0) / (y1 - y0 || 1)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  for (const value of ticks(y0, y1, 5)) {
    svg.append(shape("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value) }));
    svg.append(shape("text", { x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, format(value)));
  }
  for (const value of ticks(x0, x1, Math.max(3, width / 80))) {
    svg.append(shape("text", { x: x(value), y: HEIGHT - 5, "text-anchor": "middle" }, short(value)));
  }
  return { x, y };
}

const path = (points) => "M" + points.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join("L");
const nearest = (xs, value) => {
  let best = 0;
  for (let i = 1; i < xs.length; i++) if (Math.abs(xs[i] - value) < Math.abs(xs[best] - value)) best = i;
  return best;
};
const tipLine = (ink, text) => make("div", {}, make("span", { class: "dot", style: `background:${ink}` }), text);

// series: [{name, color, steps, mean, low, high}]
function lineChart(title, series, options) {
  const format = options.percent ? (value) => `${short(Math.round(1000 * value) / 10)}%` : short;
  return chart(title, (svg, width) => {
    const window = options.smoothing();
    const lines = series.map((one) => ({ ...one, ...Object.fromEntries(
      ["mean", "low", "high"].map((name) => [name, smoothed(one[name], window)])) }));
    const all = lines.flatMap((one) => [...one.low, ...one.high]);
    let [low, high] = options.percent ? [0, Math.min(1, Math.max(...all, 0.05) * 1.05)] : [Math.min(...all), Math.max(...all)];
    if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
    const steps = lines.flatMap((one) => one.steps);
    const { x, y } = axes(svg, width, [Math.min(...steps), Math.max(...steps)], [low, high], format);
    const clamp = (value) => Math.min(Math.max(value, low), high);
    for (const one of lines) {
      const upper = one.steps.map((step, i) => [x(step), y(clamp(one.high[i]))]);
      const lower = one.steps.map((step, i) => [x(step), y(clamp(one.low[i]))]).reverse();
      svg.append(shape("path", { d: path([...upper, ...lower]) + "Z", fill: one.color, opacity: 0.16 }));
    }
    for (const one of lines) {
      const points = one.steps.map((step, i) => [x(step), y(one.mean[i])]);
      svg.append(shape("path", { d: path(points), fill: "none", stroke: one.color, "stroke-width": 2 }));
      if (points.length === 1) svg.append(shape("circle", { cx: points[0][0], cy: points[0][1], r: 3, fill: one.color }));
    }
    return { at: (place) => {
      const near = lines.map((one) => [one, nearest(one.steps.map(x), place)]);
      const first = near[0];
      return { x: x(first[0].steps[first[1]]), lines: [make("div", { class: "soft" }, `${short(Math.round(first[0].steps[first[1]]))} ${first[0].unit}`),
        ...near.map(([one, i]) => tipLine(one.color, `${one.name}: ${format(one.mean[i])}` +
          (one.high[i] > one.low[i] ? ` [${format(one.low[i])}, ${format(one.high[i])}]` : "")))] };
    } };
  }, options.legend);
}

// layers: [{name, color, values}] over steps; what is not there counts as zero.
function stackChart(title, steps, layers) {
  const legend = make("div", { class: "legend" }, ...layers.map((layer) => tipLine(layer.color, layer.name)));
  return chart(title, (svg, width) => {
    const sums = steps.map((_, i) => layers.reduce((sum, layer) => sum + layer.values[i], 0));
    const { x, y } = axes(svg, width, [steps[0], steps[steps.length - 1]], [0, Math.max(...sums, 1e-9)], (v) => `${Math.round(100 * v)}%`);
    const base = steps.map(() => 0);
    for (const layer of layers) {
      const lower = steps.map((step, i) => [x(step), y(base[i])]).reverse();
      layer.values.forEach((value, i) => (base[i] += value));
      const upper = steps.map((step, i) => [x(step), y(base[i])]);
      svg.append(shape("path", { d: path([...upper, ...lower]) + "Z", fill: layer.color, opacity: 0.8 }));
    }
    return { at: (place) => {
      const i = nearest(steps.map(x), place);
      const shown = layers.filter((layer) => layer.values[i] > 0);
      return { x: x(steps[i]), lines: [make("div", { class: "soft" }, `${short(Math.round(steps[i]))} programs`),
        ...shown.map((layer) => tipLine(layer.color, `${layer.name}: ${percent(layer.values[i])}`))] };
    } };
  }, legend);
}
