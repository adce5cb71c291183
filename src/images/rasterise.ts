/** An SVG document as a PNG, `scale` pixels to a unit. The SVG must be this project's own: it is not checked. */
export async function rasterise(svg: string, scale = 2): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  return sharp(Buffer.from(svg), { density: 72 * scale })
    .png()
    .toBuffer();
}
