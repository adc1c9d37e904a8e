// Forms of passkeys: on their button, the browser makes a key, or has one sign; its answer
// goes into the form's hidden field, and the form is sent. Where a browser has no passkeys,
// or no script runs, the form stays hidden: a code does the same.
const { PublicKeyCredential } = window;
const known = {
  create: (options) =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
    }),
  get: (options) =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
    }),
};
for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) continue;
  form.hidden = false;
  const trouble = form.querySelector("[role=status]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    trouble.textContent = "";
    Promise.resolve()
      .then(() => known[form.dataset.passkey](JSON.parse(form.dataset.options)))
      .then((key) => {
        form.elements.credential.value = JSON.stringify(key.toJSON());
      })
      .then(
        () => form.submit(),
        () => {
          trouble.textContent = form.dataset.trouble;
        },
      );
  });
}
