import type { Area } from '../domain/area.js';
import { encodePng, scalePixels } from '../images/draw-pixels.js';
import { drawHeatMap, drawnSize } from '../report/heat-map.js';
import type { Explained } from './explain.js';

/** The heat map over the whole upright picture, as a PNG file. */
export async function drawExplanation({ explanation, readImage }: Explained): Promise<Uint8Array> {
  const { picture, covered, seen, grid, evidence, nothingToSee } = explanation;
  const { width, height } = drawnSize(picture);
  const shareOf = (area: Area): Area => ({
    x: area.x / picture.width,
    y: area.y / picture.height,
    width: area.width / picture.width,
    height: area.height / picture.height,
  });
  const drawn = drawHeatMap(await scalePixels(await readImage(), width, height), {
    map: nothingToSee === undefined ? grid : undefined,
    average: evidence.average,
    covered: shareOf(covered),
    seen: shareOf(seen),
  });
  return encodePng(drawn);
}
