export const title = 'loaded';
