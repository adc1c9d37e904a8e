// Ask before a page is left whose form holds what nobody has saved: what was typed, or
// chosen from a calendar, and a form that came back with a mistake.
const form = document.querySelector("#content-main form");
let typed = Boolean(document.querySelector("#problems"));
let sent = false;
// A calendar writes into a field without telling anybody.
const isWritten = (field) => field.matches("input.vDateField, input.vTimeField") && field.value !== field.defaultValue;
if (form) {
  form.addEventListener("input", () => {
    typed = true;
    sent = false;
  });
  form.addEventListener("submit", (event) => {
    // A preview, in a frame, saves nothing.
    if (!event.submitter || !event.submitter.formTarget) sent = true;
  });
}
addEventListener("beforeunload", (event) => {
  if (form && !sent && (typed || [...form.elements].some(isWritten))) event.preventDefault();
});
