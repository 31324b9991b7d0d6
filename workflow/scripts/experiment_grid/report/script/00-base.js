// What every module uses: the data, a maker of elements, the state that the link holds.
"use strict";
document.documentElement.classList.add("js");

const read = (name) => JSON.parse(document.getElementById("data-" + name).textContent);
const cells = read("cells");
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const SVG = "http://www.w3.org/2000/svg";

/** Read a block of data when it is first needed. */
const later = (name) => {
  let value;
  return () => (value ??= read(name));
};
const models = later("models");
const confusion = later("confusion");
const curves = later("curves");
const read_cards = later("cards");

/** An element with attributes (a function listens) and children; text never becomes markup. */
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "use", "text", "line", "rect", "circle", "clipPath", "g", "title"].includes(tag);
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat());
  return element;
}

const say = (text) => { document.getElementById("status").textContent = text; };
const percent = (value, decimals = 2) => (100 * value).toFixed(decimals) + "\u202f%";
const points = (value) => (value < 0 ? "\u2212" : "+") + Math.abs(100 * value).toFixed(2);
const whole = (value) => value.toLocaleString("en-US");

// The link holds the state: #part&sort=-test_accuracy&filter=…&a=…&b=…&pin=…&focus=… ; it works on file:// too.
const OWN = { page: true }; // an entry of the history that the page made
const state = {
  values: new Map(),
  part: "",
  load() {
    const [part, ...pairs] = location.hash.slice(1).split("&");
    const known = part.includes("=") ? [part, ...pairs] : pairs;
    this.part = part.includes("=") ? "" : part;
    this.values = new Map(known.filter((pair) => pair.includes("=")).map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), decode(pair.slice(at + 1))];
    }));
  },
  get(key) { return this.values.get(key) ?? ""; },
  list(key) { return this.get(key).split(",").filter(Boolean).map(decode); },
  set(key, value) {
    const text = Array.isArray(value) ? value.map(encodeURIComponent).join(",") : value;
    if (text) this.values.set(key, text);
    else this.values.delete(key);
    this.write();
  },
  get hash() {
    const pairs = [...this.values].map(([name, held]) => name + "=" + encodeURIComponent(held));
    return "#" + [this.part, ...pairs].filter(Boolean).join("&");
  },
  write() {
    try { history.replaceState(OWN, "", this.hash); } catch { /* Safari allows 100 changes in 30 s; the next one has it all */ }
  },
  /** Go to a part: an entry of the history, so that Back returns. */
  enter(part) {
    this.part = part;
    try { history.pushState(OWN, "", this.hash); } catch { /* as above */ }
  },
};
function decode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}
state.load();
