// A control that was clicked keeps the focus, and Streamlit gives no key to a button while an input
// has it: after a click the keys of the screen would be dead. Moving by Tab keeps the focus.

if (!window.honeFreesKeys) {
  window.honeFreesKeys = true;
  const clicked = ".stCheckbox input, .stButton button, .stButtonGroup button";
  addEventListener("click", ({ detail }) => {
    const focused = document.activeElement;
    if (detail && focused?.matches(clicked)) focused.blur();
  });
}
