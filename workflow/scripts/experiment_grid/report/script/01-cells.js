// A cell that is pointed at, focused or pinned is highlighted wherever it appears; one that is filtered out or hidden leaves the charts.
const marked = new Map();
for (const element of all("[data-cell]")) {
  const cell = Number(element.dataset.cell);
  if (!marked.has(cell)) marked.set(cell, []);
  marked.get(cell).push(element);
}
const marks = new Map([...marked].map(([cell, elements]) => [cell, elements.filter((element) => element.ownerSVGElement)]));
const pairs = all("[data-cells]").map((element) => [element, element.dataset.cells.split(" ").map(Number)]);
const live = [document.getElementById("focus"), document.getElementById("legend")]; // what scripts draw again and again
const indexed = (key) => new Set(state.list(key).map((name) => cells.names.indexOf(name)).filter((cell) => cell >= 0));
const pinned = indexed("pin");
const off = indexed("off"); // by the legend
const out = new Set(); // by the filter
let pointed = null;
let lit = new Set();
let waiting = 0;

function light() {
  waiting = 0;
  const wanted = new Set(pinned);
  if (pointed !== null) wanted.add(pointed);
  for (const cell of lit) if (!wanted.has(cell)) for (const element of marked.get(cell) ?? []) element.classList.remove("is-lit");
  for (const cell of wanted) {
    if (lit.has(cell)) continue;
    for (const element of marked.get(cell) ?? []) {
      element.classList.add("is-lit");
      if (element.ownerSVGElement) element.parentNode.append(element); // drawn last is drawn on top
    }
  }
  lit = wanted;
  lightLive();
  document.documentElement.classList.toggle("has-lit", lit.size > 0);
}
function lightLive() {
  for (const root of live) for (const element of all("[data-cell]", root)) element.classList.toggle("is-lit", lit.has(Number(element.dataset.cell)));
}

function point(cell) {
  if (cell === pointed) return;
  pointed = cell;
  waiting ||= requestAnimationFrame(light);
}

function pin(cell, on = !pinned.has(cell)) {
  if (on) pinned.add(cell);
  else pinned.delete(cell);
  state.set("pin", named(pinned));
  light();
  document.dispatchEvent(new CustomEvent("pinned"));
}
const named = (set) => [...set].map((cell) => cells.names[cell]);

/** Bring charts, and lists of cells, up to date with what is filtered out and hidden. */
function showCells() {
  cells.names.forEach((_, cell) => {
    for (const element of marks.get(cell) ?? []) element.classList.toggle("is-out", out.has(cell) || off.has(cell));
  });
  for (const [element, both] of pairs) element.classList.toggle("is-out", both.some((cell) => out.has(cell) || off.has(cell)));
  for (const row of all("#effects-table tr[data-cell]")) row.classList.toggle("is-out", out.has(Number(row.dataset.cell)));
  for (const element of all("#ranking tr[data-cell], details.cell")) element.hidden = out.has(Number(element.dataset.cell));
  document.dispatchEvent(new CustomEvent("shown"));
}
function switchOff(some, hidden) {
  for (const cell of some) {
    if (hidden) off.add(cell);
    else off.delete(cell);
  }
  state.set("off", named(off));
  showCells();
}

const cellOf = (target) => {
  const element = target instanceof Element ? target.closest("[data-cell]") : null;
  return element && !element.matches("details") ? Number(element.dataset.cell) : null;
};
document.addEventListener("pointerover", (event) => {
  const mark = event.target instanceof Element && event.target.closest("svg.chart [data-cell]");
  if (mark && !mark.querySelector("title")) mark.prepend(make("title", {}, cells.names[mark.dataset.cell]));
  if (!(event.target instanceof Element && event.target.closest("#focus"))) point(cellOf(event.target));
});
document.addEventListener("focusin", (event) => point(cellOf(event.target)));
document.addEventListener("focusout", () => point(null));
document.addEventListener("click", (event) => {
  const mark = event.target instanceof Element && event.target.closest("svg.chart:not(.live) [data-cell]");
  if (mark && !mark.closest("a")) pin(Number(mark.dataset.cell));
});
light();
