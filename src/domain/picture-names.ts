/** Endings of pictures' names, those of formats that are not supported too: such a file is meant to be a picture. */
const ENDINGS: ReadonlySet<string> = new Set(
  (
    'jpg jpeg jpe jfif jif pjpeg pjp png apng webp gif tif tiff avif avifs bmp dib rle ' +
    'ppm pgm pbm pnm pam pfm ico cur heic heif heics heifs hif svg svgz jp2 j2k jpf jpx jpm j2c jxl jxr wdp hdp ' +
    'psd psb xcf kra ora qoi exr hdr fits fts tga icb vda pcx dcx pict pct sgi rgb rgba bw ras xbm xpm xwd wbmp ' +
    'emf wmf eps epsf icns dds flif bpg raw dng cr2 cr3 crw nef nrw arw srf sr2 orf rw2 raf pef ptx dcr kdc k25 mrw ' +
    'erf 3fr fff iiq rwl srw x3f mef mos gpr cap'
  ).split(' '),
);

/** Whether a file's name says that it is a picture. */
export function isNamedLikePicture(name: string): boolean {
  const ending = endingOf(name);
  return ending !== undefined && ENDINGS.has(ending);
}

/** In lower case, without its dot; undefined where there is none, as in `README` and `.hidden`. */
export function endingOf(name: string): string | undefined {
  return /[^/\\]\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase();
}
