// The parts of CodeMirror 6 that the console's editor uses, as one object: window.codemirror.
// `npm ci && npm run build` writes proxy/threegate/console/static/codemirror.js; see README.md.
import { EditorState } from "@codemirror/state";
import {
  EditorView, keymap, lineNumbers, highlightActiveLine, highlightActiveLineGutter,
  highlightSpecialChars, drawSelection, hoverTooltip,
} from "@codemirror/view";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import {
  HighlightStyle, syntaxHighlighting, foldGutter, foldKeymap, indentUnit, indentOnInput, bracketMatching,
} from "@codemirror/language";
import { autocompletion, completionKeymap, snippetCompletion, startCompletion } from "@codemirror/autocomplete";
import { lintGutter, setDiagnostics, lintKeymap } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { yaml } from "@codemirror/lang-yaml";
import { tags } from "@lezer/highlight";

window.codemirror = {
  EditorState, EditorView, keymap, lineNumbers, highlightActiveLine, highlightActiveLineGutter,
  highlightSpecialChars, drawSelection, hoverTooltip, defaultKeymap, history, historyKeymap,
  HighlightStyle, syntaxHighlighting, foldGutter, foldKeymap, indentUnit, indentOnInput, bracketMatching,
  autocompletion, completionKeymap, snippetCompletion, startCompletion, lintGutter, setDiagnostics, lintKeymap,
  search, searchKeymap, yaml, tags,
};
