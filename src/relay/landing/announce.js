/** For screen readers: what changed on the page without being asked for at this moment. */
export function announce(sentence) {
  const said = document.getElementById('said');
  // Emptied first: the same words twice in a row would not be spoken again.
  said.textContent = '';
  requestAnimationFrame(() => {
    said.textContent = sentence;
  });
}
