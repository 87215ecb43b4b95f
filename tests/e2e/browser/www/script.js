import { title } from './title.js';

document.querySelector('h1').dataset.script = title;
