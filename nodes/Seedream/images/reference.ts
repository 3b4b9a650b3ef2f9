import type { ImageFile } from './imageFile';

/** A reference image: a link, or a file in n8n that the provider needs a link to. */
export type Reference = { kind: 'link'; url: string } | { kind: 'file'; file: ImageFile };
