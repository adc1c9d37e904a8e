// Buttons that wait for a script: copy an address, open the device's own menu. Without
// one they stay hidden, and the links beside them do the same.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const done = document.createElement("span");
  done.className = "visually-hidden";
  done.setAttribute("role", "status");
  button.after(done);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(field ? field.value : button.dataset.copy);
    button.textContent = done.textContent = button.dataset.done;
  });
}
for (const button of document.querySelectorAll("button[data-share]")) {
  const { share: url, title, text } = button.dataset;
  // A telephone's menu has its messengers; that of a computer hardly anything.
  button.hidden = !navigator.share || !matchMedia("(pointer: coarse)").matches;
  button.addEventListener("click", () => navigator.share({ url, title, text }).catch(() => {}));
}
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
