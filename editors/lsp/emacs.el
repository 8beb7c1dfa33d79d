;;; codex-rpc as a language server in Emacs 29 or later, with Eglot.  -*- lexical-binding: t -*-

;; `M-x eglot' starts it in a buffer of these modes; `M-x eglot-code-actions' offers what it can do.
;; Eglot has one server for a mode: name the modes for which this is the one.

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               '((python-mode python-ts-mode)
                 . ("codex-rpc" "lsp"
                    :initializationOptions
                    ;; Emacs asks before it edits a file that has changed on the disk.
                    (:writeThrough :json-false))))
  ;; The agent waits for its edits, and the user has been asked about them already.
  (setq eglot-confirm-server-edits nil))

(defun codex-rpc-ask (text)
  "Say TEXT to the agent."
  (interactive "sAsk the agent: ")
  (eglot-execute (eglot--current-server-or-lose)
                 `(:command "codex-rpc.ask" :arguments [,text])))
