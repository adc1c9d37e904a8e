// Writing a campaign: what is pasted from a web page or a word processor becomes the
// Markdown that petitions/texts.py reads. Without it the plain text is pasted, and reads
// well, too. TurndownService is vendor/turndown.js.
const LINK = /^(https?:|mailto:)/i;
const EMPTY = new Set(["STYLE", "SCRIPT", "HEAD", "META", "TITLE", "LINK", "IMG", "SVG", "O:P"]);

// Only what would be read as something else: "30. Juni" and "[sic]" are words.
function escaped(text) {
  return text
    .split(/(https?:\/\/\S+)/i)
    .map((part, number) =>
      number % 2
        ? part
        : part
            .replace(/[\\*]/g, "\\$&")
            .replace(/(^|[\s\p{P}])_|_(?=[\s\p{P}]|$)/gu, (found) => found.replace("_", "\\_"))
            .replace(/\]\(/g, "]\\("),
    )
    .join("")
    .replace(/^(#{1,6} |>|[-+] )/, "\\$1")
    .replace(/^([01])([.)] )/, "$1\\$2");
}

const styleOf = (node) => (node.getAttribute("data-style") || "").toLowerCase().replace(/\s/g, "");
const isBlank = (node) => !node.textContent.trim();

function renamed(node, name) {
  const other = node.ownerDocument.createElement(name);
  other.append(...node.childNodes);
  node.replaceWith(other);
  return other;
}

// Word writes a list as paragraphs with the bullet, or the number, as text.
function wordLists(body) {
  for (const paragraph of body.querySelectorAll("p, h1, h2, h3, h4, h5, h6, div")) {
    if (!styleOf(paragraph).includes("mso-list:l")) continue;
    const marker = [...paragraph.querySelectorAll("span")].find((span) =>
      styleOf(span).includes("mso-list:ignore"),
    );
    const number = marker && /^\W*(\w+)[.)]/.exec(marker.textContent.trim());
    const level = Number((/level(\d)/.exec(styleOf(paragraph)) || [])[1] || 1);
    if (marker) marker.remove();
    renamed(paragraph, "p").dataset.item = `${"   ".repeat(level - 1)}${number ? `${number[1]}.` : "-"} `;
  }
}

// Bold and italics that are a matter of style: Google Docs, Word, Pages.
function styledSpans(body) {
  for (const node of body.querySelectorAll("b, strong")) {
    if (/font-weight:(normal|400)/.test(styleOf(node))) renamed(node, "span");
  }
  for (const node of body.querySelectorAll("span")) {
    if (isBlank(node)) continue;
    const style = styleOf(node);
    if (/font-weight:(bold|[6-9]00)/.test(style)) renamed(renamed(node, "b"), "b");
    else if (/font-style:italic/.test(style)) renamed(node, "i");
  }
}

const turndown = new TurndownService({
  headingStyle: "atx", hr: "---", bulletListMarker: "-", emDelimiter: "*", br: "",
  blankReplacement: (content, node) => (node.isBlock ? "\n\n" : content),
});
turndown.escape = escaped;
turndown.addRule("dropped", {
  filter: (node) => EMPTY.has(node.nodeName),
  replacement: () => "",
});
turndown.addRule("link", {
  filter: (node) => node.nodeName === "A" && node.hasAttribute("href"),
  replacement: (content, node) => {
    const address = node.getAttribute("href").trim();
    const words = content.replace(/\s+/g, " ").trim();
    if (!LINK.test(address) || !words) return content;
    if (words === address.replace(/^mailto:/i, "")) return words;
    const encoded = address.replace(/[()\s<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
    return `[${words}](${encoded})`;
  },
});
turndown.addRule("code", {
  filter: ["code", "kbd", "samp", "tt"],
  replacement: (content) => content,
});
turndown.addRule("pre", {
  filter: "pre",
  replacement: (_content, node) => `\n\n${node.textContent.trim()}\n\n`,
});
turndown.addRule("item", {
  filter: "li",
  replacement: (content, node) => {
    const list = node.parentNode;
    const items = [...list.children].filter((child) => child.nodeName === "LI");
    const first = Number(list.getAttribute("start") || 1);
    const number = Number(node.getAttribute("value")) || first + items.indexOf(node);
    const mark = list.nodeName === "OL" ? `${number}. ` : "- ";
    const lines = content.trim().replace(/\n{2,}/g, "\n").replace(/\n/g, `\n${" ".repeat(mark.length)}`);
    return `${mark}${lines}\n`;
  },
});
turndown.addRule("word-item", {
  filter: (node) => node.nodeName === "P" && node.dataset.item !== undefined,
  replacement: (content, node) => `\n${node.dataset.item}${content.trim().replace(/\s+/g, " ")}\n`,
});
// A table becomes lines.
turndown.addRule("row", {
  filter: "tr",
  replacement: (_content, node) =>
    `${[...node.cells].map((cell) => turndown.turndown(cell.innerHTML).replace(/\s*\n\s*/g, " ")).join(" | ")}\n`,
});
turndown.addRule("table", {
  filter: ["table", "thead", "tbody", "tfoot"],
  replacement: (content) => `\n\n${content.replace(/\n{2,}/g, "\n").trim()}\n\n`,
});

function markdown(html) {
  // The page's policy forbids style, and would complain of each.
  const bare = html
    .replace(/<style[\s>][^]*?<\/style>/gi, "")
    .replace(/(<[a-z][^<>]*?\s)style=/gi, "$1data-style=");
  const { body } = new DOMParser().parseFromString(bare, "text/html");
  wordLists(body);
  styledSpans(body);
  return turndown.turndown(body).replace(/\n{3,}/g, "\n\n").replace(/[ \t]+$/gm, "").trim();
}

// The field whose format another field of the form may say.
function isMarkdown(field) {
  const format = field.form && field.form.elements.namedItem("text_format");
  return field.matches("textarea[data-markdown]") && (!format || format.value !== "plain");
}

document.addEventListener("paste", (event) => {
  const field = event.target;
  const html = event.clipboardData && event.clipboardData.getData("text/html");
  if (!html || !isMarkdown(field)) return;
  const text = markdown(html);
  if (!text) return;
  event.preventDefault();
  // So that it can be undone; where a browser does not know it, without.
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// Django's script numbers the fields of a new row, and not what points to them.
document.addEventListener("formset:added", (event) => {
  for (const toolbar of event.target.querySelectorAll("markdown-toolbar")) {
    const field = toolbar.parentNode.querySelector("textarea");
    if (field) toolbar.setAttribute("for", field.id);
  }
});
