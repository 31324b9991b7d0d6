// The large chart: one measure of all cells, and their values under a crosshair. What chooses and zooms: 06-chart-controls.js.
const focusBox = document.getElementById("focus");
const legendBox = document.getElementById("legend");
const measureBox = document.getElementById("focus-measure");
const MOST_IN_LEGEND = 60;
const focus = {
  measure: [...measureBox.options].some((one) => one.value === state.get("focus")) ? state.get("focus") : focusBox.dataset.measure,
  axis: state.get("axis") === "seconds" ? "seconds" : "epochs",
  range: zoomOf(state.get("zoom")), // of the horizontal axis; null shows all
  at: null, // the crosshair's place on it
};
const namedCells = focusBox.dataset.named.split(" ").filter(Boolean).map(Number);
const known = new Map(); // cell → { x, mean, low, high } of the focus' measure
let view_ = null; // the chart as it is drawn: its scales and its lines
const live_ = { line: null, label: null, dots: new Map(), values: new Map() };

function zoomOf(text) {
  const ends = text.split("~").map(Number);
  return ends.length === 2 && ends[0] < ends[1] ? ends : null;
}
const lookOf = (cell) => {
  const path = marked.get(cell)?.map((element) => element.querySelector(".swatch path")).find(Boolean);
  return Object.fromEntries(["stroke", "stroke-width", "stroke-dasharray"].map((key) => [key, path?.getAttribute(key)]));
};
const many = document.body.classList.contains("many");
const seenCells = () => [...known.keys()].filter((cell) => !out.has(cell) && !off.has(cell));
const writeValue = (value) => (value === null || value === undefined ? "–" : focus.measure.endsWith("accuracy") ? percent(value) : String(Number(value.toPrecision(4))));

function load() {
  known.clear();
  curves().forEach((held, cell) => {
    const values = held?.[focus.measure];
    if (values?.[0].some((value) => value !== null)) known.set(cell, { x: held[focus.axis], mean: values[0], low: values[1], high: values[2] });
  });
}
function extent(cells_) {
  let low = Infinity, high = -Infinity;
  for (const cell of cells_) {
    const { x, mean } = known.get(cell);
    x.forEach((value, place) => {
      if (mean[place] !== null) { low = Math.min(low, value); high = Math.max(high, value); }
    });
  }
  if (focus.axis === "seconds") low = 0;
  return low > high ? [0, 1] : low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function drawFocus() {
  const seen = seenCells();
  const wide = Math.max(300, Math.round(focusBox.clientWidth)), small = wide < 600;
  const high = small ? 300 : 430;
  const [left, right, top, bottom] = [56, small ? 14 : 132, 14, 42];
  const [from, to] = focus.range ?? extent(seen);
  const inside = seen.flatMap((cell) => {
    const { x, low, high: most } = known.get(cell);
    return x.flatMap((value, place) => (value >= from && value <= to && low[place] !== null ? [low[place], most[place]] : []));
  });
  const svg = make("svg", { class: "chart live", viewBox: `0 0 ${wide} ${high}`, tabindex: 0, role: "group", "aria-roledescription": "chart",
    "aria-label": `${measureBox.selectedOptions[0].textContent} over ${focus.axis}, ${seen.length} of ${cells.names.length} cells. Arrows move the crosshair, plus and minus zoom, Escape resets.` });
  live_.dots.clear();
  if (!inside.length) {
    svg.append(make("text", { x: wide / 2, y: high / 2, "text-anchor": "middle", fill: "currentColor", "font-size": 14 }, seen.length ? "No value in this range." : "No line: all cells are hidden or filtered out."));
    focusBox.replaceChildren(svg);
    view_ = null;
    return;
  }
  const scale = scaleOf(focus.measure, inside, small ? 6 : 9);
  const x = (value) => left + ((value - from) / (to - from)) * (wide - left - right);
  const y = (value) => high - bottom - Math.min(1.05, Math.max(-0.05, scale.at(value))) * (high - top - bottom);
  view_ = { from, to, x, y, wide, high, left, right, top, bottom, value: (pixel) => from + ((pixel - left) / (wide - left - right)) * (to - from) };
  const text = (attributes, content) => make("text", { "font-size": 12, fill: "var(--muted)", ...attributes }, content);
  for (const tick of scale.ticks) svg.append(
    make("line", { x1: left, x2: wide - right, y1: y(tick), y2: y(tick), stroke: "var(--grid)" }),
    text({ x: left - 7, y: y(tick) + 4, "text-anchor": "end" }, scale.write(tick)));
  for (const tick of roundTicks(from, to, small ? 5 : 10, focus.axis === "epochs")) svg.append(
    make("line", { x1: x(tick), x2: x(tick), y1: high - bottom, y2: high - bottom + 5, stroke: "var(--muted)" }),
    text({ x: x(tick), y: high - bottom + 19, "text-anchor": "middle" }, String(Number(tick.toPrecision(6)))));
  svg.append(make("line", { x1: left, x2: wide - right, y1: high - bottom, y2: high - bottom, stroke: "var(--muted)" }),
    text({ x: (left + wide - right) / 2, y: high - 6, "text-anchor": "middle" }, focus.axis === "epochs" ? "epoch" : "seconds of training"));
  const clip = make("clipPath", { id: "focus-clip" }, make("rect", { x: left - 3, y: top - 8, width: wide - left - right + 6, height: high - top - bottom + 12 }));
  const lines = make("g", { "clip-path": "url(#focus-clip)" });
  svg.append(clip, lines);
  for (const cell of seen) lines.append(lineOf(cell, x, y));
  live_.line = make("line", { class: "crosshair", y1: top, y2: high - bottom, hidden: true });
  live_.label = text({ y: top + 2, class: "crosshair-label", fill: "var(--ink)", "font-weight": 600 }, "");
  svg.append(live_.line, live_.label, ...endLabels(seen, x, y, to, wide - right));
  focusBox.replaceChildren(svg);
  listen(svg);
  lightLive();
  moveTo(focus.at);
}

function lineOf(cell, x, y) {
  const { x: across, mean, low, high } = known.get(cell);
  const look = lookOf(cell), grey = many && !pinned.has(cell) && !namedCells.includes(cell);
  const there = across.map((_, place) => place).filter((place) => mean[place] !== null);
  const path = (values, places) => places.map((place) => `${x(across[place]).toFixed(1)} ${y(values[place]).toFixed(1)}`).join("L");
  const group_ = make("g", { "data-cell": cell });
  if (!grey && there.length > 1 && there.some((place) => high[place] > low[place])) {
    group_.append(make("path", { d: `M${path(low, there)}L${path(high, [...there].reverse())}Z`, fill: look.stroke, class: "band" }));
  }
  group_.append(make("path", grey ? { d: `M${path(mean, there)}`, fill: "none", stroke: "var(--grid)" } : { d: `M${path(mean, there)}`, fill: "none", ...look }));
  if (there.length === 1) group_.append(make("circle", { cx: x(across[there[0]]), cy: y(mean[there[0]]), r: 3.5, fill: look.stroke }));
  if (!grey) {
    const dot = make("circle", { r: 3.5, fill: look.stroke, class: "dot", hidden: true });
    live_.dots.set(cell, dot);
    group_.append(dot);
  }
  return group_;
}

/** Names at the ends of lines: of the named and the pinned cells, moved apart. */
function endLabels(seen, x, y, to, edge) {
  if (edge > view_.wide - 60) return [];
  const wanted = seen.filter((cell) => namedCells.includes(cell) || pinned.has(cell) || seen.length <= 6);
  const ends = wanted.map((cell) => {
    const { x: across, mean } = known.get(cell);
    const place = across.findLastIndex((value, at) => value <= to && mean[at] !== null);
    return place < 0 ? null : { cell, x: x(across[place]), y: y(mean[place]) };
  }).filter(Boolean).sort((one, other) => one.y - other.y);
  ends.forEach((end, place) => { if (place) end.y = Math.max(end.y, ends[place - 1].y + 14); });
  return ends.map(({ cell, x: across, y: at }) => make("g", { "data-cell": cell },
    make("text", { x: Math.min(across, edge) + 6, y: at + 4, "font-size": 12, fill: lookOf(cell).stroke }, shorten(cells.names[cell], 19))));
}
// Cut in the middle: names that begin alike end differently.
const shorten = (name, most) => (name.length <= most ? name : name.slice(0, Math.ceil((most - 1) / 2)) + "…" + name.slice(-Math.floor((most - 1) / 2)));

/** The place of a cell's value that is nearest to the crosshair. */
function nearest(cell, at) {
  const { x, mean } = known.get(cell);
  let best = -1;
  x.forEach((value, place) => {
    if (mean[place] !== null && (best < 0 || Math.abs(value - at) < Math.abs(x[best] - at))) best = place;
  });
  const reach = focus.axis === "epochs" ? 0.5 : Infinity; // a cell that trained fewer epochs has no value there
  return best >= 0 && Math.abs(x[best] - at) <= reach && (focus.axis === "epochs" || at <= x.at(-1) * 1.02) ? best : -1;
}

function moveTo(at) {
  focus.at = at;
  const shown = view_ && at !== null && at >= view_.from && at <= view_.to;
  live_.line?.toggleAttribute("hidden", !shown);
  if (live_.label) live_.label.textContent = shown ? atText(at) : "";
  if (shown) {
    for (const key of ["x1", "x2"]) live_.line.setAttribute(key, view_.x(at));
    const end = view_.x(at) > view_.wide - view_.right - 90;
    live_.label.setAttribute("x", view_.x(at) + (end ? -6 : 6));
    live_.label.setAttribute("text-anchor", end ? "end" : "start");
  }
  for (const [cell, dot] of live_.dots) {
    const place = shown ? nearest(cell, at) : -1;
    dot.toggleAttribute("hidden", place < 0);
    if (place < 0) continue;
    dot.setAttribute("cx", view_.x(known.get(cell).x[place]));
    dot.setAttribute("cy", view_.y(known.get(cell).mean[place]));
  }
  showValues(shown ? at : null);
}
const atText = (at) => (focus.axis === "epochs" ? `epoch ${at}` : `${Number(at.toPrecision(3))} s`);

function showValues(at) {
  for (const [cell, output] of live_.values) {
    if (!known.has(cell)) {
      output.replaceChildren("–");
      continue;
    }
    const { mean, low, high } = known.get(cell);
    const place = at === null ? mean.findLastIndex((value) => value !== null) : nearest(cell, at);
    output.replaceChildren(place < 0 ? "–" : writeValue(mean[place]));
    const range = place >= 0 && high[place] > low[place] ? `${writeValue(low[place]).replace("\u202f%", "")} to ${writeValue(high[place]).replace("\u202f%", "")}` : "";
    output.append(make("small", {}, range));
  }
  legendBox.querySelector(".legend-at")?.replaceChildren(at === null ? "at the end" : `at ${atText(at)}`);
}
