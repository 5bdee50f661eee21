/* The marked words are brought into sight, inside their text alone. */
const words = document.getElementById('words');
if (words) words.parentNode.scrollTop = Math.max(0, words.offsetTop - words.parentNode.offsetTop - 48);
