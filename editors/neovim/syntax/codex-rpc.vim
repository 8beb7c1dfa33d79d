" Owns the colours of what agents write: a little of Markdown. Items are coloured by the plugin.
if exists('b:current_syntax')
  finish
endif

syntax match codexRpcHeading /^#\{1,6}\s.*$/
syntax region codexRpcCode start=/`/ end=/`/ oneline keepend
syntax region codexRpcStrong start=/\*\*\S\@=/ end=/\S\@<=\*\*/ oneline keepend
syntax region codexRpcFence start=/^\z(```\+\).*$/ end=/^\z1\s*$/ keepend
syntax sync minlines=200

highlight default link codexRpcHeading Title
highlight default link codexRpcCode String
highlight default link codexRpcFence String
highlight default codexRpcStrong cterm=bold gui=bold

let b:current_syntax = 'codex-rpc'
