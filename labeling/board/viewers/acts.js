// What the keys do to the image on the stage, the same in every mode that shows one image.

export const REPEATS = new Set(["bigger", "smaller", "darker", "brighter", "flatter", "harder"]); // while a key is held

export function viewingActs(viewer, light) {
  return {
    bigger: () => viewer.step(1),
    smaller: () => viewer.step(-1),
    fit: () => viewer.toggle(),
    darker: () => light.change("brightness", -1),
    brighter: () => light.change("brightness", 1),
    flatter: () => light.change("contrast", -1),
    harder: () => light.change("contrast", 1),
    plain: () => light.plain(),
  };
}
