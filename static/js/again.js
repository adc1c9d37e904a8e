// “Correct it” leads back to the form that was just sent, which the browser keeps as it
// was filled in. What was typed is in no address, and nobody who is passed this page
// meets it: there, and without a script, these links lead to an empty form.
for (const link of document.querySelectorAll("a[data-again]")) {
  const before = document.referrer ? new URL(document.referrer) : null;
  if (before === null || before.origin !== location.origin) continue;
  if (!before.pathname.startsWith(link.dataset.again)) continue;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.back();
  });
}
