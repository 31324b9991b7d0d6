// What a reader does with the large chart: a legend that hides cells, zoom and crosshair by mouse, touch and keyboard.
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
