;;; codex-rpc as a language server in Emacs, with Eglot.  -*- lexical-binding: t; -*-

;; For Emacs 29 or later, or Emacs 28 with Eglot from a package.  `M-x eglot' starts it in a buffer
;; of these modes.  `M-x codex-rpc-actions' offers what the agent can do about the line or the
;; region; `M-x codex-rpc-ask' asks it anything.

(require 'cl-lib)
(require 'eieio)
(require 'flymake)
(require 'jsonrpc)
(require 'seq)

(declare-function eglot-current-server "eglot")
(declare-function eglot-managed-p "eglot")
(declare-function eglot--TextDocumentIdentifier "eglot")
(declare-function eglot--signal-textDocument/didChange "eglot")
(defvar eglot-server-programs)
(defvar eglot-stay-out-of)

;; Eglot has one server for a mode: name the modes for which this is the one.
(defconst codex-rpc-modes '(python-mode python-ts-mode))

(with-eval-after-load 'eglot
  (defclass codex-rpc-server (eglot-lsp-server) ()
    :documentation "The agent's server.")

  (cl-defmethod eglot-handle-request :around
    ((_server codex-rpc-server) (_method (eql 'window/showMessageRequest))
     &key &allow-other-keys)
    "Have \\[keyboard-quit] close a question, which would wait for ever otherwise."
    (condition-case nil
        (cl-call-next-method)
      (quit nil)))

  (cl-defmethod eglot-handle-request :around
    ((_server codex-rpc-server) (_method (eql 'workspace/applyEdit)) &key &allow-other-keys)
    "Have an edit undone on its own, and tell the server of it at once."
    (codex-rpc--in-buffers #'undo-boundary)
    (prog1 (cl-call-next-method)
      ;; Otherwise Eglot waits until nobody has typed for a while.
      (codex-rpc--in-buffers #'eglot--signal-textDocument/didChange)))

  (add-to-list 'eglot-server-programs
               `(,codex-rpc-modes
                 . (codex-rpc-server
                    "codex-rpc" "lsp"
                    :initializationOptions
                    ;; Emacs asks before it edits a file that has changed on the disk.
                    (:writeThrough :json-false))))
  ;; The agent waits for its edits, and the user has been asked about them already.
  (set (if (boundp 'eglot-confirm-server-edits)
           'eglot-confirm-server-edits
         'eglot-confirm-server-initiated-edits) ; before Emacs 30
       nil))

(defun codex-rpc--in-buffers (function)
  "Call FUNCTION in each buffer that Eglot looks after."
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (eglot-managed-p)
        (funcall function)))))

(defun codex-rpc--keep-flymake ()
  "Have Eglot leave the buffer's checkers alone, as the server is none."
  (setq-local eglot-stay-out-of
              (cons 'flymake (and (boundp 'eglot-stay-out-of) eglot-stay-out-of))))

(dolist (mode codex-rpc-modes)
  (add-hook (intern (format "%s-hook" mode)) #'codex-rpc--keep-flymake))

(defun codex-rpc--server ()
  "The server of this buffer, which is told first what all buffers say now."
  (let ((server (and (featurep 'eglot) (eglot-current-server))))
    (unless server
      (user-error "No server: try `M-x eglot'"))
    (codex-rpc--in-buffers #'eglot--signal-textDocument/didChange)
    server))

(defun codex-rpc--execute (command arguments)
  "Have the server carry out COMMAND.
Waiting for it would keep Eglot from a question that comes right behind."
  (jsonrpc-async-request
   (codex-rpc--server) :workspace/executeCommand `(:command ,command :arguments ,arguments)
   :error-fn (jsonrpc-lambda (&key message &allow-other-keys)
               (message "The agent could not begin: %s" message))))

(defun codex-rpc--range (begin end)
  "The lines from BEGIN to END; with both in one place, that line."
  (save-restriction
    (widen)
    (let* ((first (1- (line-number-at-pos begin)))
           (last (if (= begin end) first (line-number-at-pos (max begin (1- end))))))
      `(:start (:line ,first :character 0) :end (:line ,last :character 0)))))

(defun codex-rpc--problem (diagnostic)
  "What Flymake has found as the server wants it."
  (let ((begin (flymake-diagnostic-beg diagnostic)))
    `(:range ,(codex-rpc--range begin begin)
      :severity ,(pcase (get (flymake-diagnostic-type diagnostic) 'flymake-category)
                   ('flymake-error 1)
                   ('flymake-warning 2)
                   (_ 3))
      :message ,(flymake-diagnostic-text diagnostic))))

;; Eglot tells a server only of its own problems; the agent is to mend those of all checkers.
(defun codex-rpc-actions (begin end)
  "Offer what the agent can do from BEGIN to END: the region, or the line."
  (interactive (if (use-region-p) (list (region-beginning) (region-end)) (list (point) (point))))
  (let* ((server (codex-rpc--server))
         (lines (save-excursion
                  (cons (progn (goto-char begin) (line-beginning-position))
                        (progn (goto-char (max begin (1- end))) (line-end-position)))))
         (problems (seq-map #'codex-rpc--problem (flymake-diagnostics (car lines) (cdr lines))))
         (actions (jsonrpc-request
                   server :textDocument/codeAction
                   `(:textDocument ,(eglot--TextDocumentIdentifier)
                     :range ,(codex-rpc--range begin end)
                     :context (:diagnostics ,(vconcat problems)))))
         (titles (seq-map (lambda (action) (plist-get action :title)) actions))
         (title (completing-read "Agent: " titles nil t nil nil (car titles)))
         (action (seq-find (lambda (action) (equal (plist-get action :title) title)) actions))
         (command (plist-get action :command)))
    (codex-rpc--execute (plist-get command :command) (plist-get command :arguments))))

(defun codex-rpc-ask (text)
  "Say TEXT to the agent."
  (interactive "sAsk the agent: ")
  (codex-rpc--execute "codex-rpc.ask" (vector text)))
