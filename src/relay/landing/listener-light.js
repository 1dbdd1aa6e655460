/** Who listens, and what it does: a lamp whose shape says it too, and words. */
import { announce } from './announce.js';
import { escapeText } from './escape-output.js';
import { formatSeconds } from './relay-api.js';

const byId = (id) => document.getElementById(id);

const consent = {
  supervised: 'supervised: its operator is asked',
  auto: 'auto: nobody is asked',
  unknown: 'of another kind',
};

function nameListener(user, host) {
  const known = [user, host].map((word) => word || 'unknown');
  return known.every((word) => word === 'unknown') ? 'unknown' : known.join('@');
}

/** From `GET …/status` to a state, who it is, and what that means. */
function describeListener({ listener, current }, currentState) {
  if (!listener) return { state: 'waiting', who: 'no listener yet', more: 'paste a line on the remote' };
  const { user, host, mode, attached, seen_seconds_ago: seconds } = listener;
  const who = escapeText(nameListener(user, host));
  if (!attached) return { state: 'gone', who, more: `gone, heard ${formatSeconds(seconds)} ago` };
  if (current === null) return { state: 'ready', who, more: `listens, ${consent[mode] ?? consent.unknown}` };
  const doing =
    currentState === 'awaiting_approval' ? `asks its operator about ${current}` : `runs ${current}`;
  return { state: 'busy', who, more: `busy, ${mode === 'unknown' ? '' : `${mode}, `}${doing}` };
}

let lastSaid = '';

export function showListener(status, currentState) {
  const { state, who, more } = describeListener(status, currentState);
  byId('light').dataset.state = state;
  const name = document.createElement('bdi');
  name.textContent = who;
  byId('light-words').replaceChildren(name, `: ${more}`);
  // What it is busy with is told by the command itself; how long ago it was heard changes all the time.
  const said = state === 'busy' ? lastSaid : `${who}: ${more.split(',')[0]}`;
  if (said !== lastSaid) announce(said);
  lastSaid = said;
  return state;
}

export function showEnd(words) {
  byId('light').dataset.state = 'gone';
  byId('light-words').textContent = words;
  lastSaid = '';
}

export function showAway(isAway) {
  if (byId('away').hidden === !isAway) return;
  byId('away').hidden = !isAway;
  byId('light').classList.toggle('away', isAway);
  announce(isAway ? 'the relay is away: trying again' : 'the relay is back');
}
