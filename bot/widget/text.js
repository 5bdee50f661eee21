/* Sentences of the catalogue, dates, times and sizes in the customer's language. */

/** Texts of the widget in one language. */
export class Texts {
  /** @param {{lang: string, messages: object}} config answer of GET /api/widget */
  constructor(config) {
    this.lang = config.lang;
    this.messages = config.messages;
    this.plural = new Intl.PluralRules(this.lang);
    const format = (options) => new Intl.DateTimeFormat(this.lang, options);
    this.clock = format({ hour: '2-digit', minute: '2-digit' });
    this.thisYear = format({ weekday: 'long', day: 'numeric', month: 'long' });
    this.otherYear = format({ day: 'numeric', month: 'long', year: 'numeric' });
    this.whole = format({ weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' });
    this.zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** The sentence of a dotted key, its {placeholders} filled; `count` chooses between `one` and `other`. */
  t(key, values = {}) {
    let found = key.split('.').reduce((tree, name) => (tree ? tree[name] : undefined), this.messages);
    if (found && typeof found === 'object') found = found[this.plural.select(values.count)] || found.other;
    return (found === undefined ? key : found).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  time(iso) { return this.clock.format(new Date(iso)); }

  /** « Aujourd’hui », « Hier », else weekday and date. */
  day(iso) {
    const date = new Date(iso), now = new Date();
    const days = Math.round((midnight(now) - midnight(date)) / 864e5);
    if (days === 0) return this.t('day.today');
    if (days === 1) return this.t('day.yesterday');
    return this.date(date, now);
  }

  date(date, now = new Date()) { return (date.getFullYear() === now.getFullYear() ? this.thisYear : this.otherYear).format(date); }

  /** Weekday, date and time. */
  moment(iso) { return this.whole.format(new Date(iso)); }

  bytes(count) {
    const [value, unit] = count < 1e6 ? [Math.max(1, count / 1024), 'kilobyte'] : [count / 1048576, 'megabyte'];
    return new Intl.NumberFormat(this.lang, { style: 'unit', unit, maximumFractionDigits: unit === 'megabyte' ? 1 : 0 }).format(value);
  }

  number(value) { return new Intl.NumberFormat(this.lang).format(value); }

  /** A language's own name, with a capital. */
  static languageName(code) {
    const name = new Intl.DisplayNames([code], { type: 'language' }).of(code);
    return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
  }
}

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
