// Passkeys: asks for a challenge, lets the device answer it, and sends the answer with an ordinary form. A page without
// this script has no button for passkeys and works all the same.
"use strict";
(() => {
  const box = document.getElementById("passkey");
  if (!box || !window.PublicKeyCredential) return;
  const form = box.querySelector("form");
  const failed = form.querySelector("[data-failed]");

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  async function challenge() {
    const body = new URLSearchParams({ csrf: form.elements.csrf.value });
    const answer = await fetch(form.dataset.challenge, { method: "POST", body, redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const { publicKey } = await answer.json();
    publicKey.challenge = bytes(publicKey.challenge);
    for (const list of [publicKey.allowCredentials, publicKey.excludeCredentials]) {
      for (const known of list ?? []) known.id = bytes(known.id);
    }
    if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
    return publicKey;
  }

  async function made() {
    const publicKey = await challenge();
    const isNew = "new" in form.dataset;
    const credential = await (isNew
      ? navigator.credentials.create({ publicKey })
      : navigator.credentials.get({ publicKey }));
    const { response } = credential;
    const parts = isNew
      ? { attestationObject: text(response.attestationObject) }
      : {
          authenticatorData: text(response.authenticatorData),
          signature: text(response.signature),
          userHandle: response.userHandle && text(response.userHandle),
        };
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      extensions: {},
      response: { clientDataJSON: text(response.clientDataJSON), ...parts },
    });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      form.elements.answer.value = await made();
      form.submit();
    } catch {
      failed.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
  box.hidden = false;
})();
