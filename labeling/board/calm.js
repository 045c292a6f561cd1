// When the connection is lost, Streamlit covers the page with a dialog that takes every click. The
// board works without a server and shows it in its status line, so the dialog is closed at once.

const APP = "[data-testid=stApp]";

export class Calm {
  constructor() {
    this.observer = new MutationObserver((changes) => {
      const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
      for (const node of added) if (node.matches?.("[data-testid=stDialog]")) this.#close(node);
    });
    this.observer.observe(document.body, { childList: true });
  }

  close() {
    this.observer.disconnect();
  }

  #close(dialog) {
    const state = document.querySelector(APP)?.dataset.testConnectionState;
    if (state && state !== "CONNECTED") dialog.querySelector("button")?.click();
  }
}
