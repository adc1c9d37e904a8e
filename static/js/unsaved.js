// Ask before a page is left whose form holds words that nobody has saved.
const form = document.querySelector("#content-main form");
let typed = false;
if (form) {
  form.addEventListener("input", () => { typed = true; });
  form.addEventListener("submit", (event) => {
    // A preview, in a frame, saves nothing.
    if (!event.submitter || !event.submitter.formTarget) typed = false;
  });
}
addEventListener("beforeunload", (event) => {
  if (typed) event.preventDefault();
});
