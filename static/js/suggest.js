// "Did you mean gmail.com?" as soon as the address is typed. Whoever was asked here is
// not asked again; without JavaScript the form comes back once and asks the same.
const box = document.querySelector("[data-domains]");
const field = document.getElementById("id_email");
const sure = document.querySelector("input[name=sure]");

function isOneSlip(typed, meant) {
  if (Math.abs(typed.length - meant.length) > 1 || typed === meant) return false;
  let start = 0;
  while (start < Math.min(typed.length, meant.length) && typed[start] === meant[start]) start++;
  const rest = typed.slice(start);
  const wanted = meant.slice(start);
  return (
    rest.slice(1) === wanted ||
    rest === wanted.slice(1) ||
    rest.slice(1) === wanted.slice(1) ||
    (rest[0] === wanted[1] && rest[1] === wanted[0] && rest.slice(2) === wanted.slice(2))
  );
}

if (box && field) {
  const common = box.dataset.domains.split(" ");
  const real = box.dataset.real.split(" ");
  const [use, keep] = box.querySelectorAll("button");
  const shown = box.querySelector("strong");
  let kept = "";

  field.addEventListener("change", () => {
    const [, local, domain] = field.value.trim().match(/^(.+)@([^@]+)$/) || [];
    const typed = (domain || "").toLowerCase();
    const meant =
      !typed || common.includes(typed) || real.includes(typed)
        ? undefined
        : common.find((name) => isOneSlip(typed, name));
    box.hidden = !meant || kept === field.value;
    shown.textContent = meant ? `${local}@${meant}` : "";
  });
  use.addEventListener("click", () => {
    field.value = shown.textContent;
    box.hidden = true;
    field.focus();
  });
  keep.addEventListener("click", () => {
    kept = field.value;
    sure.value = field.value;
    box.hidden = true;
    field.focus();
  });
}
