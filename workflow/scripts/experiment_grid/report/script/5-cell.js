// A cell's block, drawn when it is opened: its curves, and the confusion matrix of any epoch, each count with its images.
const MODES = { counts: "counts", row: "share of the true class", column: "share of the predicted class" };
const SERIES = [["train", "training", "var(--c1)", "5 3"], ["validation", "validation", "var(--c2)", "2 2"], ["test", "test", "var(--c0)", ""]];

function confusionOf(container) {
  const cell = Number(container.dataset.confusion);
  const held = confusion()[cell];
  if (!held) return;
  const size = cells.classes.length;
  const heading = container.querySelector("h4");
  let epoch = held.epoch, mode = "counts";
  const output = make("output");
  const slider = make("input", {
    type: "range", min: 1, max: held.counts.length, step: 1, value: epoch, "aria-label": "Epoch",
    input: () => { epoch = Number(slider.value); draw(); },
  });
  const modes = make("select", { "aria-label": "Show", change: () => { mode = modes.value; draw(); } },
    Object.entries(MODES).map(([value, text]) => make("option", { value }, text)));
  const place = make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Confusion matrix" });

  function draw() {
    const counts = held.counts[epoch - 1];
    output.textContent = `epoch ${epoch} of ${held.counts.length}${epoch === held.epoch ? ", the chosen one" : counts ? "" : ": not kept"}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    if (!counts) {
      place.replaceChildren(make("p", { class: "note" }, "The weights of this epoch were not kept."));
      return;
    }
    const sum = (from, step) => Array.from({ length: size }, (_, i) => counts[from + i * step]).reduce((one, other) => one + other, 0);
    const rowSums = cells.classes.map((_, true_) => sum(true_ * size, 1));
    const columnSums = cells.classes.map((_, predicted) => sum(predicted, size));
    const body = cells.classes.map((name, true_) => make("tr", {}, make("th", { scope: "row" }, name), cells.classes.map((_, predicted) => {
      const count = counts[true_ * size + predicted];
      const share = count / Math.max(mode === "column" ? columnSums[predicted] : rowSums[true_], 1);
      const text = mode === "counts" ? String(count) : count ? (100 * share).toFixed(share < 0.1 ? 1 : 0) : "0";
      const opens = count > 0 && epoch === held.epoch;
      const label = `${count} of ${name} taken for ${cells.classes[predicted]}`;
      return make("td", { class: "h" + Math.ceil(Math.sqrt(share) * 9) },
        opens ? make("button", { type: "button", "aria-label": `${label}, show them`, click: () => open(true_, predicted) }, text) : text);
    })));
    place.replaceChildren(make("table", { class: "heat" },
      make("caption", {}, `Rows: true class; columns: predicted class. Seed ${held.seed}, epoch ${epoch}${mode === "counts" ? "" : "; per cent"}`),
      make("thead", {}, make("tr", {}, make("td"), cells.classes.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, body)));
  }

  function open(true_, predicted) {
    const known = predictions(cell), labels = labelsOf();
    const found = [...labels.keys()].filter((index) => labels[index] === true_ && known.predicted[index] === predicted);
    const how = true_ === predicted ? "predicted right" : `taken for ${cells.classes[predicted]}`;
    view(`${cells.names[cell]}: ${cells.classes[true_]} ${how}`, found, (index) =>
      true_ === predicted ? `test image ${index}` : `test image ${index}, ${percent(known.probability[index], 0)}`);
  }
  draw();
  container.replaceChildren(heading,
    make("div", { class: "slider" }, make("label", {}, "Epoch ", slider), output, make("label", {}, "Show ", modes)),
    place, make("p", { class: "note" }, "At the chosen epoch each count opens its images."));
}

/** One small chart: training, validation and test of one measure over the epochs, with the seeds' range. */
function chart(held, measure, name) {
  const [wide, high, left, right, top, bottom] = [330, 180, 44, 62, 20, 26];
  const known = SERIES.map(([set, label, colour, dashes]) => ({ label, colour, dashes, values: held[`${set}_${measure}`] }));
  const scale = measure === "loss" ? (value) => Math.log10(Math.max(value, 1e-6)) : (value) => -Math.log10(Math.max(1 - value, 1e-4));
  const back = measure === "loss" ? (value) => 10 ** value : (value) => 1 - 10 ** -value;
  const finite = known.flatMap(({ values }) => values.flat()).filter((value) => value !== null).map(scale);
  if (!finite.length) return make("p", { class: "note" }, `No finite ${measure}.`);
  const low = Math.min(...finite), span = Math.max(Math.max(...finite) - low, 1e-6);
  const first = held.epochs[0], last = held.epochs.at(-1);
  const x = (epoch) => left + (last === first ? 0.5 : (epoch - first) / (last - first)) * (wide - left - right);
  const y = (value) => high - bottom - ((scale(value) - low) / span) * (high - top - bottom);
  const line = (values) => held.epochs.map((epoch, at) => (values[at] === null ? "" : `${at && values[at - 1] !== null ? "L" : "M"}${x(epoch).toFixed(1)} ${y(values[at]).toFixed(1)}`)).join("");
  const svg = make("svg", { class: "chart", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": `${name}: ${measure} over epochs` },
    make("text", { x: left, y: 12, "font-size": 12, "font-weight": 600, fill: "currentColor" }, measure === "loss" ? "Loss" : "Accuracy"));
  for (let step = 0; step <= 3; step++) {
    const value = back(low + (span * step) / 3), at = y(value).toFixed(1);
    svg.append(make("line", { x1: left, x2: wide - right, y1: at, y2: at, stroke: "var(--grid)" }),
      make("text", { x: left - 5, y: Number(at) + 3.5, "font-size": 10, "text-anchor": "end", fill: "var(--muted)" }, measure === "loss" ? value.toPrecision(2) : (100 * value).toFixed(span > 1.5 ? 1 : 2)));
  }
  for (const epoch of new Set([first, Math.round((first + last) / 2), last])) {
    svg.append(make("text", { x: x(epoch), y: high - 10, "font-size": 10, "text-anchor": "middle", fill: "var(--muted)" }, String(epoch)));
  }
  const ends = known.filter(({ values }) => values[0].at(-1) !== null).map((one) => ({ ...one, at: y(one.values[0].at(-1)) })).sort((one, other) => one.at - other.at);
  ends.forEach((one, place) => { if (place) one.at = Math.max(one.at, ends[place - 1].at + 12); });
  for (const { values: [mean, least, most], colour, dashes } of known) {
    const there = held.epochs.map((_, at) => at).filter((at) => least[at] !== null);
    if (there.length > 1 && there.some((at) => most[at] > least[at])) {
      const edge = (values, order) => order.map((at) => `${x(held.epochs[at]).toFixed(1)} ${y(values[at]).toFixed(1)}`).join("L");
      svg.append(make("path", { d: `M${edge(least, there)}L${edge(most, [...there].reverse())}Z`, fill: colour, opacity: 0.13 }));
    }
    svg.append(make("path", { d: line(mean), fill: "none", stroke: colour, "stroke-width": 1.8, "stroke-dasharray": dashes }));
  }
  for (const { label, colour, at } of ends) svg.append(make("text", { x: wide - right + 5, y: at + 3.5, "font-size": 10.5, fill: colour }, label));
  return svg;
}

function fill(block) {
  if (block.dataset.filled) return;
  block.dataset.filled = "yes";
  const cell = Number(block.dataset.cell);
  const place = block.querySelector("[data-curves]");
  const held = place && curves()[cell];
  if (held) place.append(chart(held, "loss", cells.names[cell]), chart(held, "accuracy", cells.names[cell]));
  all("[data-confusion]", block).forEach(confusionOf);
}
const blocks = all("details.cell");
for (const block of blocks) block.addEventListener("toggle", () => block.open && fill(block));
document.getElementById("open-all").addEventListener("click", () => blocks.forEach((block) => { block.open = true; }));
document.getElementById("close-all").addEventListener("click", () => blocks.forEach((block) => { block.open = false; }));
