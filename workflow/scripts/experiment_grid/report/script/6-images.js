// Test images behind a count: windows on the one atlas, in a dialog.
const atlasPlace = (() => {
  let places;
  return (index) => (places ??= new Map(models().atlas.map((image, place) => [image, place]))).get(index);
})();
const sheet = document.getElementById("atlas");
const MOST = 300;

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** A model's predictions, unpacked once: what each test image was taken for, and how surely where that was wrong. */
const unpacked = new Map();
function predictions(cell) {
  const held = models().models[cell];
  if (!held) return null;
  if (!unpacked.has(cell)) {
    const labels = labelsOf();
    const right = bytes(held.right), wrong = bytes(held.predicted), sure = bytes(held.probability);
    const predicted = new Uint8Array(labels), probability = new Float32Array(labels.length);
    let at = 0;
    for (let index = 0; index < labels.length; index++) {
      if (right[index >> 3] & (128 >> (index & 7))) continue;
      predicted[index] = wrong[at];
      probability[index] = sure[at++] / 255;
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
  if (place === undefined || !sheet) return null;
  const { columns, width, height } = sheet.dataset;
  const box = `${(place % columns) * width} ${Math.floor(place / columns) * height} ${width} ${height}`;
  return make("svg", { class: "tile", viewBox: box, role: "img", "aria-label": label }, make("use", { href: "#atlas" }));
}

/** Open the viewer on test images; `caption` tells about one of them. */
function view(title, indices, caption) {
  const shown = indices.map((index) => [index, tile(index, `Test image ${index}`)]).filter(([, image]) => image);
  document.getElementById("viewer-title").textContent = title;
  const left = indices.length - Math.min(shown.length, MOST);
  document.getElementById("viewer-note").textContent =
    `${whole(indices.length)} test images` + (left ? `; ${whole(left)} of them are not shown: the page holds every image that some model got wrong, and examples of the others, at most ${MOST} at a time.` : ".");
  document.getElementById("viewer-tiles").replaceChildren(...shown.slice(0, MOST).map(([index, image]) =>
    make("figure", { class: "shot", "data-image": index }, image, make("figcaption", {}, caption(index)))));
  document.getElementById("viewer").showModal();
}
document.getElementById("viewer").addEventListener("click", (event) => {
  if (event.target.id === "viewer") event.target.close();
});
