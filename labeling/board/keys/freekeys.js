// A control that was clicked keeps the focus, and Streamlit ignores button shortcuts while an input
// has it: after a click the screen's keys would not work. Moving by Tab keeps the focus.

if (!window.honeFreesKeys) {
  window.honeFreesKeys = true;
  const clicked = ".stCheckbox input, .stButton button, .stButtonGroup button";
  addEventListener("click", ({ detail }) => {
    const focused = document.activeElement;
    if (detail && focused?.matches(clicked)) focused.blur();
  });
}
