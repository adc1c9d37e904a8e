// Show the frame that a button further up has filled.
addEventListener("submit", (event) => {
  if (!event.submitter || event.submitter.formTarget !== "preview") return;
  document.querySelector("#preview-heading").focus({ preventScroll: true });
  document.querySelector("iframe[name=preview]").scrollIntoView();
});
