// The media: all that differs between samples of one kind and another, one entry for each.

import { ImageViewer } from "./image/stage.js";
import { large, load, Picture } from "./image/picture.js";
import { thumb } from "./image/thumb.js";
import { TILES } from "./image/tiles.js";

export const VIEWERS = {
  image: {
    words: { one: "image", many: "images", evidence: "where the model looks" },
    Viewer: ImageViewer, // one sample on the stage
    load, // (api, card) -> a promise of the content, from the network
    ready: (image) => image.decode(), // … until it can be shown at once
    thumb, // (api, sample id) -> a small view
    Tile: Picture, // what a tile of the grid shows
    large, // (api, card) -> what an enlarged tile shows
    layout: TILES, // of the grid
    // What the keys do while one sample is shown: action -> [key, what it does].
    actions: {
      bigger: ["+", "zoom in"],
      smaller: ["-", "zoom out"],
      fit: [".", "whole image, or one pixel to one pixel"],
      keep: [",", "keep the zoom for the next images, or not"],
      darker: ["[", "darker"],
      brighter: ["]", "brighter"],
      flatter: ["{", "less contrast"],
      harder: ["}", "more contrast"],
      plain: ["\\", "reset brightness and contrast"],
    },
    repeats: ["bigger", "smaller", "darker", "brighter", "flatter", "harder"], // while a key is held
    gestures: [
      ["wheel, pinch", "zoom at the pointer"],
      ["double click", "whole image, or one pixel to one pixel"],
      ["drag, arrows", "move the image while it is zoomed in"],
    ],
    brief: [
      ["+ − . ,", "zoom in, zoom out, whole image or one to one, keep the zoom"],
      ["[ ] { } \\", "brightness, contrast, reset"],
    ],
    // The buttons below the stage: [action, sign, what it does].
    tools: [
      ["smaller", "−", "zoom out"],
      ["fit", "fit", "whole image, or one to one"],
      ["bigger", "+", "zoom in"],
      ["keep", "keep", "keep the zoom for the next images"],
    ],
  },
};

export function mediumOf({ medium = "image" }) {
  return VIEWERS[medium];
}
