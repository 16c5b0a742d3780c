// Forms are sent in place: the answer is a piece of the page. Without this script they work as forms always did.
const toast = document.querySelector(".toast");
let fading = 0;
const say = (html) => {
  toast.innerHTML = html;
  clearTimeout(fading);
  fading = setTimeout(() => toast.replaceChildren(), 5000);
};
const send = async (form) => {
  const response = await fetch(form.action, {
    method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "x-fragment": "yes" },
  });
  return response.headers.get("content-type")?.startsWith("text/html")
    ? response.text()
    : `${response.status} ${response.headers.get("x-tulle-reason") ?? ""}`;
};
const renew = async () => {
  const fresh = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const now = fresh.querySelector("#now");
  if (now) document.querySelector("#now").replaceWith(now);
};
// The limit stands at the gateway, so it is the browser that runs into it.
const knock = async (output) => {
  const statuses = await Promise.all(Array.from({ length: 14 }, async () => (await fetch("/api/search?q=a")).status));
  const through = statuses.filter((status) => status === 200).length;
  output.innerHTML = `<div class="tiles">${statuses.map((status) => `<span class="tile ${status === 200 ? "good" : "wait"}"></span>`).join("")}</div>
    <span class="key"><span class="tile good"></span>${through} found something</span>
    <span class="key"><span class="tile wait"></span>${statuses.length - through} heard “429, later”</span>`;
};
document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const button = form.querySelector("button");
  const output = form.parentElement.querySelector(".result");
  button.disabled = true;
  try {
    if (form.dataset.knock !== undefined) await knock(output);
    else if (output) output.innerHTML = await send(form);
    else { say(await send(form)); await renew(); }
  } catch (error) {
    say("The gateway does not answer just now.");
  } finally {
    button.disabled = false;
  }
});
