import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { documentedConfig, parseConfig } from '../../../service/daemon/config.ts';

const refused = (text: string, words: RegExp): void =>
  assert.throws(
    () => parseConfig(text, 'ripple.toml'),
    (error) =>
      error instanceof RippleError &&
      error.code === 'InvalidArgument' &&
      words.test(error.message) &&
      !error.message.includes('\n'),
  );

test('an empty file gives every default, and the documented file says the same', () => {
  assert.deepEqual(parseConfig(documentedConfig(), 'documented'), parseConfig('', 'empty'));
});

test('each mistake is one line that names the key', () => {
  refused('imgae = "xo"', /no key "imgae"/);
  refused('share.port = 70000', /share\.port must be a whole number from 0 to 65535, not 70000/);
  refused('share.port = "8517"', /share\.port must be a whole number/);
  refused('role = "boss"', /role must be one of laptop, school, teacher/);
  refused('image = "../x"', /image "\.\.\/x"/);
  refused('image = "config"', /image "config"/);
  refused('origins = ["ftp://school"]', /origins: "ftp:\/\/school" is no URL of http, https or rsync/);
  refused('owner.colours = "red"', /owner\.colours "red"/);
  refused('share.listen = "all"', /share\.listen must be a list of texts/);
  refused('a = [', /is not TOML/);
});

test('a key keeps its value through sections', () => {
  const config = parseConfig('image = "school-2"\n[share]\nport = 0\nlisten = []\n', 'x');
  assert.equal(config.image, 'school-2');
  assert.equal(config.sharePort, 0);
  assert.deepEqual(config.shareListen, []);
});
