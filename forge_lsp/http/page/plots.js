// Plots as plain SVG. Each draws into a box at the box's own width, so that text keeps its size on a phone.

const NS = "http://www.w3.org/2000/svg";
const HEIGHT = 150;
const LEFT = 34;
const BOTTOM = 20;
const TOP = 10;

function put(parent, name, attributes, text) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function canvas(box, height, label) {
  const width = Math.max(240, box.clientWidth);
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  box.replaceChildren(svg);
  return { svg, width };
}

/** A scale's upper end: 1, 2 or 5 times a power of ten. */
function nice(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= value * 0.999);
}

function axes(svg, width, top, format) {
  for (const part of [0, 0.5, 1]) {
    const y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - part);
    put(svg, "line", { class: "axis", x1: LEFT, x2: width, y1: y, y2: y });
    put(svg, "text", { x: LEFT - 4, y: y + 4, "text-anchor": "end" }, format(top * part));
  }
}

const short = (value) => (value >= 10 || value === 0 ? value.toFixed(0) : String(+value.toPrecision(2)));

/** What an empty plot would leave the reader to guess. */
function remark(svg, width, words) {
  const y = TOP + (HEIGHT - TOP - BOTTOM) * 0.25 + 4;
  put(svg, "text", { class: "remark", x: (LEFT + width) / 2, y, "text-anchor": "middle" }, words);
}

/** Points {label, value, good, title}, a value null where there is none; `empty` is said where none is above `floor`. */
export function dots(box, points, { label, top, joined, empty, floor = 0 }) {
  const { svg, width } = canvas(box, HEIGHT, label);
  const high = top ?? nice(Math.max(0, ...points.map((point) => point.value ?? 0)));
  const step = (width - LEFT) / Math.max(1, points.length);
  const x = (index) => LEFT + step * (index + 0.5);
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / high);
  axes(svg, width, high, short);
  const there = points.map((point, index) => ({ ...point, index })).filter((point) => point.value !== null);
  if (joined && there.length > 1) {
    put(svg, "polyline", { class: "trace", points: there.map((p) => `${x(p.index)},${y(p.value)}`).join(" ") });
  }
  for (const point of there) {
    const dot = put(svg, "circle", { class: point.good ? "dot good" : "dot", cx: x(point.index), cy: y(point.value), r: 4 });
    put(dot, "title", {}, point.title);
  }
  if (!there.some((point) => point.value > floor)) remark(svg, width, empty);
  names(svg, points, x, step);
}

/** Bars {label, value, title}; `empty` is said where all are 0. */
export function bars(box, points, { label, empty }) {
  const { svg, width } = canvas(box, HEIGHT, label);
  const high = nice(Math.max(0, ...points.map((point) => point.value)));
  const step = (width - LEFT) / Math.max(1, points.length);
  const whole = HEIGHT - TOP - BOTTOM;
  axes(svg, width, high, short);
  points.forEach((point, index) => {
    const tall = (whole * point.value) / high;
    const bar = put(svg, "rect", {
      class: "bar", x: LEFT + step * (index + 0.15), y: TOP + whole - tall, width: step * 0.7, height: tall,
    });
    put(bar, "title", {}, point.title);
  });
  if (!points.some((point) => point.value)) remark(svg, width, empty);
  names(svg, points, (index) => LEFT + step * (index + 0.5), step);
}

function names(svg, points, x, step) {
  const every = Math.ceil(18 / step);
  points.forEach((point, index) => {
    if (index % every === 0) put(svg, "text", { x: x(index), y: HEIGHT - 5, "text-anchor": "middle" }, point.label);
  });
}

/** Attempts {number, note, good, parts: [{stage, from, to, open, title}]}, in seconds since the job began. */
export function timeline(box, attempts, seconds) {
  const row = 40;
  const { svg, width } = canvas(box, Math.max(1, attempts.length) * row + BOTTOM, "Attempts over time");
  const end = Math.max(seconds, 0.001);
  const left = 22;
  const x = (at) => left + ((width - left) * Math.min(at, end)) / end;
  attempts.forEach((attempt, index) => {
    const y = index * row;
    put(svg, "text", { class: "strong", x: 0, y: y + 31 }, attempt.number);
    put(svg, "text", { class: attempt.good ? "good" : "", x: left, y: y + 14 }, fit(attempt.note, width - left));
    put(svg, "line", { class: "axis", x1: left, x2: width, y1: y + 27, y2: y + 27 });
    for (const part of attempt.parts) {
      const bar = put(svg, "rect", {
        class: `${part.stage}${part.open ? " open" : ""}`,
        x: x(part.from), y: y + 20, width: Math.max(1.5, x(part.to) - x(part.from)), height: 14, rx: 2,
      });
      put(bar, "title", {}, part.title);
    }
  });
  const y = Math.max(1, attempts.length) * row + BOTTOM - 5;
  put(svg, "text", { x: left, y }, "0 s");
  put(svg, "text", { x: width, y, "text-anchor": "end" }, `${end.toFixed(1)} s`);
}

/** About 6 px a character at this size. */
function fit(text, width) {
  const count = Math.floor(width / 6);
  return text.length > count ? `${text.slice(0, count - 1)}…` : text;
}
