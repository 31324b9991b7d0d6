// Test images behind a count: windows on the one atlas, in a dialog.
const atlasPlace = (() => {
  let places;
  return (index) => (places ??= new Map(models().atlas.map((image, place) => [image, place]))).get(index);
})();
const MOST = 300;

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** A model's predictions, unpacked once: what each test image was taken for, and how surely where that was wrong. */
const unpacked = new Map();
function predictions(cell) {
  const held = models().models[cell];
  if (!held) return null;
  if (!unpacked.has(cell)) {
    const labels = labelsOf();
    const right = bytes(held.right), wrong = bytes(held.predicted), confidence = bytes(held.probability);
    const predicted = new Uint8Array(labels), probability = new Float32Array(labels.length);
    let at = 0;
    for (let index = 0; index < labels.length; index++) {
      if (right[index >> 3] & (128 >> (index & 7))) continue;
      predicted[index] = wrong[at];
      probability[index] = confidence[at++] / 255;
    }
    unpacked.set(cell, { predicted, probability, seed: held.seed });
  }
  return unpacked.get(cell);
}
const labelsOf = (() => {
  let labels;
  return () => (labels ??= bytes(models().labels));
})();

function tile(index, label) {
  const place = atlasPlace(index);
  return place === undefined ? null : tileOf("atlas", place, label);
}
function tileOf(name, place, label, extra = "") {
  const sheet = document.getElementById(name);
  if (!sheet || place === null) return null;
  const { columns, width, height } = sheet.dataset;
  const box = `${(place % columns) * width} ${Math.floor(place / columns) * height} ${width} ${height}`;
  return make("svg", { class: `tile ${extra}`, viewBox: box, role: "img", "aria-label": label }, make("use", { href: "#" + name }));
}

/** Open the viewer on test images; `caption` says what one of them is. */
function view(title, indices, caption) {
  const shown = indices.map((index) => [index, tile(index, `Test image ${index}`)]).filter(([, image]) => image);
  const left = indices.length - Math.min(shown.length, MOST);
  const note = `${whole(indices.length)} test images` + (left ? `; ${whole(left)} of them are not shown: the page holds every image that some model got wrong, and examples of the others, at most ${MOST} at a time.` : ".");
  showViewer(title, note, make("div", { class: "tiles" }, shown.slice(0, MOST).map(([index, image]) =>
    make("figure", { class: "shot", "data-image": index }, image, make("figcaption", {}, caption(index))))));
}
function showViewer(title, note, content) {
  document.getElementById("viewer-title").textContent = title;
  document.getElementById("viewer-note").textContent = note;
  document.getElementById("viewer-tiles").replaceChildren(content);
  document.getElementById("viewer").showModal();
}
document.getElementById("viewer").addEventListener("click", (event) => {
  if (event.target.id === "viewer") event.target.close();
});

// A small error opens its card, as the worst ones have it.
all("#more-errors > figure").forEach((figure, place) => {
  const [attribution, near, own, true_, predicted, answers, text] = read_cards()[place];
  const [name, taken] = [cells.classes[true_], cells.classes[predicted]];
  const picture = figure.querySelector("svg");
  const open = make("button", { type: "button", class: "opener", "aria-label": `${picture.getAttribute("aria-label")}: show why`, click: () => {
    const shot = (image, caption) => (image ? [make("figure", { class: "shot" }, image, make("figcaption", {}, caption))] : []);
    const bar = ([kind, value]) => make("span", { class: kind === true_ ? "true" : false },
      make("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, make("rect", { width: (100 * value).toFixed(1), height: 1 })), make("b", {}, cells.classes[kind]), ` ${percent(value, 1)}`);
    showViewer(`${name} taken for ${taken}`, text, make("article", { class: "case" },
      make("div", { class: "strip" }, shot(picture.cloneNode(true), "test image"), shot(tileOf("attribution", attribution, `Attribution: pixels for ${taken} (orange) and for ${name} (blue)`, "map"), "attribution"),
        shot(tileOf("neighbours", near, `Nearest training image of ${taken}`), `nearest ${taken}`), shot(tileOf("neighbours", own, `Nearest training image of ${name}`), `nearest ${name}`)),
      make("p", { class: "bars" }, answers.map(bar))));
  } });
  picture.replaceWith(open);
  open.append(picture);
});
