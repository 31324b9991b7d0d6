// The large chart: one measure of all cells, values under a crosshair, a legend that hides, zoom by mouse, touch and keyboard.
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

function drawLegend() {
  const kept = cells.names.map((_, cell) => cell).filter((cell) => !out.has(cell));
  const shown = kept.length <= MOST_IN_LEGEND ? kept : kept.filter((cell) => namedCells.includes(cell) || pinned.has(cell));
  const last = (cell) => known.get(cell)?.mean.findLast((value) => value !== null) ?? null;
  const sign = focus.measure.endsWith("accuracy") ? -1 : 1;
  shown.sort((one, other) => (last(one) === null) - (last(other) === null) || sign * (last(one) - last(other)));
  live_.values.clear();
  const item = (cell) => {
    const output = make("output", {});
    live_.values.set(cell, output);
    const swatch = marked.get(cell)?.map((element) => element.querySelector(".swatch")).find(Boolean)?.cloneNode(true) ?? "";
    const button = make("button", { type: "button", "aria-pressed": !off.has(cell), title: "Hide or show in all charts", click: () => switchOff([cell], !off.has(cell)) }, swatch, make("bdi", {}, cells.names[cell]));
    return make("li", { "data-cell": cell, class: off.has(cell) ? "is-off" : false }, button, output);
  };
  const list = (members) => make("ul", {}, members.map(item));
  const parts = groups.size
    ? [...groups].map(([value, members]) => [value, shown.filter((cell) => members.includes(cell))]).filter(([, members]) => members.length).flatMap(([value, members], place) => [
      make("button", { type: "button", class: `group-name g${[...groups.keys()].indexOf(value) % 8}`, "aria-pressed": !members.every((cell) => off.has(cell)), click: () => switchOff(members, !members.every((cell) => off.has(cell))) }, `${titles.get(group.value)} ${value}`),
      list(members)])
    : [list(shown)];
  const left = kept.length - shown.length;
  legendBox.replaceChildren(make("p", { class: "legend-head" }, make("span", {}, measureBox.selectedOptions[0].textContent), make("span", { class: "legend-values" }, make("span", { class: "legend-at" }), shown.some((cell) => known.get(cell)?.high.some((high, place) => high > known.get(cell).low[place])) ? make("small", {}, "range of seeds") : "")),
    ...parts, ...(left ? [make("p", { class: "note" }, `${whole(left)} more cells: filter or pin them to list them.`)] : []));
  lightLive();
}

function showFocus() {
  for (const button of all("button[data-axis]")) button.setAttribute("aria-pressed", button.dataset.axis === focus.axis);
  for (const button of all("[data-focus]")) button.setAttribute("aria-pressed", button.dataset.focus === focus.measure);
  measureBox.value = focus.measure;
  document.getElementById("zoom-reset").disabled = !focus.range;
  load();
  drawLegend();
  drawFocus();
}

function zoom(range) {
  const all_ = extent(seenCells());
  const least = focus.axis === "epochs" ? 1 : (all_[1] - all_[0]) / 100;
  if (range) {
    let [from, to] = [Math.max(range[0], all_[0]), Math.min(range[1], all_[1])];
    if (to - from < least) [from, to] = [(from + to - least) / 2, (from + to + least) / 2];
    range = from <= all_[0] && to >= all_[1] ? null : [from, to].map((one) => Number(one.toPrecision(6)));
  }
  focus.range = range;
  state.set("zoom", range ? range.join("~") : "");
  document.getElementById("zoom-reset").disabled = !range;
  const focused = focusBox.contains(document.activeElement);
  drawFocus();
  if (focused) focusBox.querySelector("svg").focus({ preventScroll: true });
  say(range ? `Zoomed to ${atText(Number(range[0].toPrecision(3)))} to ${Number(range[1].toPrecision(3))}` : "All shown");
}
function zoomBy(factor) {
  if (!view_) return;
  const middle = focus.at ?? (view_.from + view_.to) / 2;
  zoom([middle - (middle - view_.from) * factor, middle + (view_.to - middle) * factor]);
}
/** Steps of the crosshair: epochs, or the times at which some cell's epoch ended. */
const steps = () => [...new Set(seenCells().flatMap((cell) => known.get(cell).x))].filter((x) => view_ && x >= view_.from && x <= view_.to).sort((one, other) => one - other);

function listen(svg) {
  const pointers = new Map();
  let start = null, drag = null, pinch = null;
  const pixel = (event) => ((event.clientX - svg.getBoundingClientRect().left) / svg.getBoundingClientRect().width) * view_.wide;
  const height = (event) => ((event.clientY - svg.getBoundingClientRect().top) / svg.getBoundingClientRect().height) * view_.high;
  const follow = (event) => {
    const value = Math.min(view_.to, Math.max(view_.from, view_.value(pixel(event))));
    moveTo(focus.axis === "epochs" ? Math.round(value) : value);
    const near = nearestLine(value, height(event));
    point(near && near.distance < 40 ? near.cell : null);
  };
  svg.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, pixel(event));
    if (pointers.size === 2) {
      const ends = [...pointers.values()];
      pinch = { from: view_.from, to: view_.to, values: ends.map(view_.value), left: view_.left, wide: view_.wide - view_.left - view_.right };
      start = null;
    } else if (event.button === 0) start = { x: pixel(event), y: event.clientY };
    if (event.pointerType !== "mouse") follow(event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, pixel(event));
    if (pinch) return;
    if (start && event.pointerType === "mouse" && Math.abs(pixel(event) - start.x) > 6) {
      if (!drag) {
        drag = make("rect", { class: "drag", y: view_.top, height: view_.high - view_.top - view_.bottom });
        svg.append(drag);
        svg.setPointerCapture(event.pointerId);
      }
      const clamp = (x) => Math.min(view_.wide - view_.right, Math.max(view_.left, x));
      const ends = [clamp(start.x), clamp(pixel(event))].sort((one, other) => one - other);
      drag.setAttribute("x", ends[0]);
      drag.setAttribute("width", ends[1] - ends[0]);
      return;
    }
    follow(event);
  });
  const end = (event) => {
    const dragged = drag && [Number(drag.getAttribute("x")), Number(drag.getAttribute("x")) + Number(drag.getAttribute("width"))].map(view_.value);
    if (pinch && pointers.size === 2) {
      // The values that were under the fingers are under them again.
      const [one, other] = [...pointers.values()].map((x) => (x - pinch.left) / pinch.wide);
      const span = (pinch.values[1] - pinch.values[0]) / (other - one);
      pointers.clear();
      if (Number.isFinite(span) && span > 0) zoom([pinch.values[0] - one * span, pinch.values[0] + (1 - one) * span]);
      pinch = null;
      return;
    }
    pointers.delete(event.pointerId);
    drag?.remove();
    if (dragged) zoom(dragged);
    else if (start && event.pointerType === "mouse" && event.type === "pointerup") {
      const near = nearestLine(view_.value(pixel(event)), height(event));
      if (near && near.distance < 14) pin(near.cell);
    }
    start = drag = null;
  };
  svg.addEventListener("pointerup", end);
  svg.addEventListener("pointercancel", () => { pointers.clear(); start = pinch = null; });
  svg.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "mouse" || drag) return;
    start = null;
    pointers.clear();
    moveTo(null);
    point(null);
  });
  svg.addEventListener("dblclick", () => zoom(null));
  svg.addEventListener("keydown", (event) => {
    const keys = { "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2), Escape: () => (focus.range ? zoom(null) : moveTo(null)), 0: () => zoom(null),
      ArrowRight: () => step(1), ArrowLeft: () => step(-1), Home: () => step(-Infinity), End: () => step(Infinity) };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
}
function step(by) {
  const places = steps();
  if (!places.length) return;
  const at = focus.at === null ? (by < 0 ? places.length : -1) : places.findIndex((x) => x >= focus.at - 1e-9);
  const place = Math.min(places.length - 1, Math.max(0, at + by));
  moveTo(places[place]);
  const spoken = [...live_.values].filter(([cell]) => seenCells().includes(cell)).slice(0, 5).map(([cell]) => `${cells.names[cell]} ${nearest(cell, places[place]) < 0 ? "no value" : writeValue(known.get(cell).mean[nearest(cell, places[place])])}`);
  say(`${atText(places[place])}: ${spoken.join(", ")}`);
}
/** The line nearest to a place, by its height there. */
function nearestLine(value, height) {
  let best = null;
  for (const cell of seenCells()) {
    const place = nearest(cell, value);
    if (place < 0) continue;
    const distance = Math.abs(view_.y(known.get(cell).mean[place]) - height);
    if (!best || distance < best.distance) best = { cell, distance };
  }
  return best;
}

measureBox.addEventListener("change", () => chooseFocus(measureBox.value));
function chooseFocus(measure) {
  focus.measure = measure;
  state.set("focus", measure === focusBox.dataset.measure ? "" : measure);
  showFocus();
}
for (const button of all("button[data-axis]")) button.addEventListener("click", () => {
  Object.assign(focus, { axis: button.dataset.axis, range: null, at: null });
  state.set("axis", focus.axis === "epochs" ? "" : focus.axis);
  state.set("zoom", "");
  showFocus();
});
// Each small chart chooses what the large one shows.
all("#panels > figure").forEach((figure, place) => {
  const { value, textContent } = measureBox.options[place];
  figure.append(make("button", { type: "button", class: "small", "data-focus": value, "aria-pressed": "false", "aria-label": `Enlarge ${textContent.toLowerCase()}`, click: () => {
    chooseFocus(value);
    focusBox.scrollIntoView({ block: "nearest" });
  } }, "Enlarge"));
});
document.getElementById("zoom-in").addEventListener("click", () => zoomBy(0.5));
document.getElementById("zoom-out").addEventListener("click", () => zoomBy(2));
document.getElementById("zoom-reset").addEventListener("click", () => zoom(null));
document.getElementById("show-all").addEventListener("click", () => switchOff([...off], false));
document.getElementById("hide-all").addEventListener("click", () => switchOff(cells.names.map((_, cell) => cell).filter((cell) => !out.has(cell)), true));
for (const happened of ["shown", "pinned"]) document.addEventListener(happened, () => {
  drawLegend();
  drawFocus();
});
showFocus();
let width_ = focusBox.clientWidth;
new ResizeObserver(() => {
  if (focusBox.clientWidth !== width_ && !matchMedia("print").matches) {
    width_ = focusBox.clientWidth;
    drawFocus();
  }
}).observe(focusBox);
