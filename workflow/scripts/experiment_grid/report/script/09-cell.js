// A cell's block, drawn when it is opened: its curves, and the confusion matrix of any epoch, each count with its images.
const LARGE = 20; // classes; of more the matrix is squares without counts
const NAMED = 30; // classes at most whose names are at the sides of these
const COMMONEST = 20;
const MODES = { counts: "counts", row: "share of the true class", column: "share of the predicted class" };
const SERIES = [["train", "training", "var(--c1)", "5 3"], ["validation", "validation", "var(--c2)", "2 2"], ["test", "test", "var(--c0)", ""]];

function confusionOf(container) {
  const cell = Number(container.dataset.confusion);
  const held = confusion()[cell];
  if (!held) return;
  const size = cells.classes.length;
  const heading = container.querySelector("h3, h4");
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
    const counts = unpackedCounts(held, epoch);
    output.textContent = `epoch ${epoch} of ${held.counts.length}${epoch === held.epoch ? ", of all figures on this page" : counts ? "" : ": not kept"}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    if (!counts) {
      place.replaceChildren(make("p", { class: "note" }, "The weights of this epoch were not kept."));
      return;
    }
    const sum = (from, step) => Array.from({ length: size }, (_, i) => counts[from + i * step]).reduce((one, other) => one + other, 0);
    const rowSums = cells.classes.map((_, true_) => sum(true_ * size, 1));
    const columnSums = cells.classes.map((_, predicted) => sum(predicted, size));
    const shareOf = (true_, predicted) => counts[true_ * size + predicted] / Math.max(mode === "column" ? columnSums[predicted] : rowSums[true_], 1);
    const caption = `Rows: true class; columns: predicted class. Seed ${held.seed}, epoch ${epoch}${mode === "counts" ? "" : "; per cent"}`;
    place.replaceChildren(...(size > LARGE ? largeMatrix(counts, shareOf, caption) : [smallMatrix(counts, shareOf, caption)]));
  }
  const opens = (count) => count > 0 && epoch === held.epoch;

  function smallMatrix(counts, shareOf, caption) {
    const body = cells.classes.map((name, true_) => make("tr", {}, make("th", { scope: "row" }, name), cells.classes.map((_, predicted) => {
      const count = counts[true_ * size + predicted], share = shareOf(true_, predicted);
      const text = mode === "counts" ? String(count) : count ? (100 * share).toFixed(share < 0.1 ? 1 : 0) : "0";
      const label = `${count} of ${name} taken for ${cells.classes[predicted]}`;
      return make("td", { class: "h" + Math.ceil(Math.sqrt(share) * 9) },
        opens(count) ? make("button", { type: "button", "aria-label": `${label}, show them`, click: () => open(true_, predicted) }, text) : text);
    })));
    return make("table", { class: "heat" }, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, make("span", { class: "visually-hidden" }, "True class")), cells.classes.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, body));
  }

  /** Of many classes: squares whose title says what they count, and the most frequent errors as a table. */
  function largeMatrix(counts, shareOf, caption) {
    const every = Math.ceil(size / NAMED), letters = 0.72 * every; // height of a letter, in squares
    const named = cells.classes.map((name) => (name.length > 12 ? `${name.slice(0, 11)}…` : name));
    const margin = 0.65 * letters * Math.max(...named.filter((_, at) => at % every === 0).map((name) => name.length)) + 0.5 * letters;
    const squares = make("svg", { class: "large-matrix", viewBox: `${-margin} ${-margin} ${size + margin + 1} ${size + margin + 1}`, role: "img", "aria-label": caption },
      make("rect", { class: "frame", "vector-effect": "non-scaling-stroke", width: size, height: size }));
    named.forEach((name, at) => {
      if (at % every) return;
      const text = { "text-anchor": "end", "font-size": letters, y: "0.35em" };
      squares.append(make("text", { ...text, transform: `translate(${-0.4 * letters} ${at + 0.5})` }, name),
        make("text", { ...text, "text-anchor": "start", transform: `translate(${at + 0.5} ${-0.4 * letters}) rotate(-90)` }, name));
    });
    const wrong = [];
    counts.forEach((count, at) => {
      if (!count) return;
      const true_ = Math.floor(at / size), predicted = at % size;
      if (true_ !== predicted) wrong.push([count, true_, predicted]);
      squares.append(make("rect", { x: predicted, y: true_, width: 1, height: 1, class: `f${Math.ceil(Math.sqrt(shareOf(true_, predicted)) * 9)}`,
        click: () => opens(count) && open(true_, predicted) }, make("title", {}, `${count} of ${cells.classes[true_]} taken for ${cells.classes[predicted]}`)));
    });
    wrong.sort(([one], [other]) => other - one);
    const row = ([count, true_, predicted]) => make("tr", {}, make("th", { scope: "row" }, cells.classes[true_]), make("td", {}, cells.classes[predicted]),
      make("td", { class: "n" }, opens(count) ? make("button", { type: "button", "aria-label": `${count} of ${cells.classes[true_]} taken for ${cells.classes[predicted]}, show them`, click: () => open(true_, predicted) }, String(count)) : String(count)),
      make("td", { class: "n" }, percent(shareOf(true_, predicted), 1)));
    return [make("div", { class: "two" }, make("figure", {}, squares, make("figcaption", {}, `${caption}. Point at a square for its count.`)),
      make("table", {}, make("caption", {}, "The most frequent errors"),
        make("thead", {}, make("tr", {}, ...["True class", "Taken for", "Images", "Of the class"].map((text, place_) => make("th", { scope: "col", class: place_ > 1 ? "n" : false }, text)))),
        make("tbody", {}, wrong.slice(0, COMMONEST).map(row))))];
  }

  function open(true_, predicted) {
    const known = predictions(cell), labels = labelsOf();
    const found = [...labels.keys()].filter((index) => labels[index] === true_ && known.predicted[index] === predicted);
    const how = true_ === predicted ? "predicted right" : `taken for ${cells.classes[predicted]}`;
    view(`${cells.names[cell]}: ${cells.classes[true_]} ${how}`, found, (index) =>
      true_ === predicted ? `test image ${index}` : `test image ${index}, ${percent(known.probability[index], 1)}`);
  }
  draw();
  container.replaceChildren(heading,
    make("div", { class: "slider" }, held.counts.filter(Boolean).length > 1 ? [make("label", {}, "Epoch ", slider), output] : [], make("label", {}, "Show ", modes)),
    place, make("p", { class: "note screen" }, "At the epoch of the figures a count opens its images."));
}

/** All counts of an epoch, K × K row by row; null where they are not in the page. */
function unpackedCounts(held, epoch) {
  const counts = held.counts[epoch - 1];
  if (!counts || !held.sparse) return counts;
  const all_ = new Array(cells.classes.length ** 2).fill(0);
  for (let at = 0; at < counts.length; at += 2) all_[counts[at]] = counts[at + 1];
  return all_;
}

/** One small chart: training, validation and test of one measure over the epochs, with the seeds' range. */
function chart(held, measure, name) {
  const [wide, high, left, right, top, bottom] = [330, 180, 48, 62, 20, 26];
  const lines = SERIES.map(([set, label, colour, dashes]) => ({ label, colour, dashes, values: held[`${set}_${measure}`] }));
  const finite = lines.flatMap(({ values }) => values.flat()).filter((value) => value !== null);
  if (!finite.length) return make("p", { class: "note" }, `No finite ${measure}.`);
  const scale = scaleOf(measure, finite, 5);
  const first = held.epochs[0], last = held.epochs.at(-1);
  const x = (epoch) => left + (last === first ? 0.5 : (epoch - first) / (last - first)) * (wide - left - right);
  const y = (value) => high - bottom - scale.at(value) * (high - top - bottom);
  const line = (values) => held.epochs.map((epoch, at) => (values[at] === null ? "" : `${at && values[at - 1] !== null ? "L" : "M"}${x(epoch).toFixed(1)} ${y(values[at]).toFixed(1)}`)).join("");
  const svg = make("svg", { class: "chart", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": `${name}: ${measure} over epochs` },
    make("text", { x: left, y: 12, "font-size": 12, "font-weight": 600, fill: "currentColor" }, measure === "loss" ? "Loss" : "Accuracy"));
  for (const tick of scale.ticks) {
    const at = y(tick).toFixed(1);
    svg.append(make("line", { x1: left, x2: wide - right, y1: at, y2: at, stroke: "var(--grid)" }),
      make("text", { x: left - 5, y: Number(at) + 3.5, "font-size": 10, "text-anchor": "end", fill: "var(--muted)" }, scale.write(tick)));
  }
  svg.append(make("text", { x: wide - right, y: 12, "font-size": 10, "text-anchor": "end", fill: "var(--muted)" }, "by epoch"));
  for (const epoch of roundTicks(first, last, 6, true)) {
    svg.append(make("text", { x: x(epoch), y: high - 10, "font-size": 10, "text-anchor": "middle", fill: "var(--muted)" }, String(epoch)));
  }
  const ends = lines.filter(({ values }) => values[0].at(-1) !== null).map((one) => ({ ...one, at: y(one.values[0].at(-1)) })).sort((one, other) => one.at - other.at);
  ends.forEach((one, place) => { if (place) one.at = Math.max(one.at, ends[place - 1].at + 12); });
  ends.forEach((one, place) => { one.at = Math.min(one.at, high - bottom - 12 * (ends.length - 1 - place)); });
  for (const { values: [mean, least, most], colour, dashes } of lines) {
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
all("#errors [data-confusion]").forEach(confusionOf);
const blocks = all("details.cell");
for (const block of blocks) block.addEventListener("toggle", () => block.open && fill(block));
document.getElementById("open-all").addEventListener("click", () => blocks.forEach((block) => { block.open = true; }));
document.getElementById("close-all").addEventListener("click", () => blocks.forEach((block) => { block.open = false; }));
