// As much of a browser as the report's script needs, for tests without one: node report_dom.js PAGE ACTIONS
// prints what the page says, and after each action (an expression in which `page` finds elements) what that gave.
"use strict";
const html = require("fs").readFileSync(process.argv[2], "utf8");
const [, data] = html.match(/<script type="application\/json" id="data">([^]*?)<\/script>/);
const [, script] = html.match(/<script>\n"use strict";\n([^]*)<\/script>\n<\/body>/);

class Text {
  constructor(text) {
    this.textContent = String(text);
  }
}

class Element {
  constructor(tag) {
    Object.assign(this, { tagName: tag.toUpperCase(), childNodes: [], attributes: {}, handlers: {}, styles: {}, parentElement: null });
    this.style = { setProperty: (name, value) => (this.styles[name] = value) };
    this.classList = { add: () => {}, remove: () => {} };
  }
  append(...nodes) {
    for (const node of nodes) {
      const child = node instanceof Element || node instanceof Text ? node : new Text(node);
      child.parentElement = this;
      this.childNodes.push(child);
    }
  }
  replaceChildren(...nodes) {
    this.childNodes = [];
    this.append(...nodes);
  }
  setAttribute(name, value) {
    this.attributes[name] = String(value);
    if (name === "open") this.open = true;
  }
  addEventListener(kind, handler) {
    this.handlers[kind] = handler;
  }
  fire(kind) {
    this.handlers[kind]({ preventDefault: () => {}, target: this, currentTarget: this });
  }
  get id() {
    return this.attributes.id || "";
  }
  get textContent() {
    return this.childNodes.map((node) => node.textContent).join("");
  }
  set textContent(text) {
    this.replaceChildren(text);
  }
  get childElementCount() {
    return this.childNodes.filter((node) => node instanceof Element).length;
  }
  closest(tag) {
    for (let node = this; node; node = node.parentElement) if (node.tagName === tag.toUpperCase()) return node;
    return null;
  }
  focus() {
    document.activeElement = this;
  }
  scrollIntoView() {}
  *walk() {
    yield this;
    for (const node of this.childNodes) if (node instanceof Element) yield* node.walk();
  }
}

const root = new Element("body");
const place = { page: new Element("main"), data: { textContent: data } };
root.append(place.page);
const document = {
  createElement: (tag) => new Element(tag),
  createElementNS: (_, tag) => new Element(tag),
  getElementById: (id) => place[id] || [...root.walk()].find((node) => node.id === id) || null,
  addEventListener: () => {},
  activeElement: root,
};
const all = (name) => [...root.walk()].filter((node) => (node.attributes.class || "").split(" ").includes(name));
const page = {
  all,
  one: (name, text) => all(name).find((node) => node.textContent.includes(text)),
  byId: document.getElementById,
  tags: (tag) => [...root.walk()].filter((node) => node.tagName === tag.toUpperCase()),
};

const location = { hash: "" };
const history = { pushState: (_state, _title, hash) => (location.hash = hash) };
const run = new Function("document", "location", "history", "page", `${script}\nreturn (text) => eval(text);`);
const inside = run(document, location, history, page);
const actions = JSON.parse(process.argv[3] || "[]").map((text) => inside(text) ?? null);
const ids = [...root.walk()].map((node) => node.id).filter(Boolean);
process.stdout.write(JSON.stringify({ text: root.textContent, ids, actions, hash: location.hash }));
