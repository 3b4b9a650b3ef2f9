import type { ImageFile } from './imageFile';

/** A reference image: a link, or an image that sits in n8n and has to be brought to the provider. */
export type Reference = { kind: 'link'; url: string } | { kind: 'file'; file: ImageFile };
