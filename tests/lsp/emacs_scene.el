;;; What a user does: a problem in a file, the agent's fix, undoing it.  -*- lexical-binding: t; -*-

;; Writes what came of it to the file named by `OUTCOME'.  `SNIPPET' has been loaded before.
;; The user's keys go through Emacs's own minibuffer and command loop, so this needs a terminal.

(require 'eglot)
(require 'flymake)
(require 'json)

(defvar scene-outcome nil "What was seen, by name.")
(defvar scene-asked nil "What the minibuffer has asked: prompts with what could be chosen.")

(defun scene-note (name value)
  (push (cons name value) scene-outcome))

(defun scene-wait (what condition)
  "Let Emacs do as it does between commands until CONDITION holds."
  (let* ((end (+ (float-time) 20))
         (depth (1+ (recursion-depth)))
         (timer (run-with-timer 0 0.02
                                (lambda ()
                                  (when (and (= (recursion-depth) depth)
                                             (or (funcall condition) (> (float-time) end)))
                                    (exit-recursive-edit))))))
    (unwind-protect
        (recursive-edit)
      (cancel-timer timer))
    (unless (funcall condition)
      (error "Waited in vain for %s" what))))

(defun scene-type (keys)
  "Have the command loop take KEYS."
  (execute-kbd-macro (kbd keys)))

(defun scene-text ()
  (buffer-substring-no-properties (point-min) (point-max)))

(defun scene-messages ()
  (with-current-buffer (messages-buffer) (scene-text)))

(defvar scene-key ?\r "What the user presses in the minibuffer.")

(defun scene-answer ()
  "Take down what the minibuffer asks, and press a key."
  (push (cons (minibuffer-prompt)
              (all-completions "" minibuffer-completion-table minibuffer-completion-predicate))
        scene-asked)
  (setq unread-command-events (list scene-key)))

(defun scene-check (report &rest _)
  "The problem of a checker that has nothing to do with the server."
  (let ((place (save-excursion (goto-char (point-min))
                               (search-forward "return a - b" nil t))))
    (funcall report
             (and place
                  (list (flymake-make-diagnostic (current-buffer) (- place 12) place
                                                 :error "Wrong operator"))))))

(defun scene-play ()
  ;; As with somebody who types and never rests.
  (setq eglot-send-changes-idle-time 3600)
  (find-file "a.py")
  (add-hook 'flymake-diagnostic-functions #'scene-check nil t)
  (flymake-mode 1)
  (call-interactively #'eglot)
  (scene-wait "the server" #'eglot-managed-p)
  (goto-char (point-max))
  (scene-type "# SPC not SPC saved")
  (scene-note 'before (scene-text))
  (flymake-start)
  (scene-wait "the problem" #'flymake-diagnostics)

  (add-hook 'minibuffer-setup-hook #'scene-answer)
  (goto-char (point-min))
  (forward-line 1)
  (setq scene-key ?\C-g)
  (condition-case nil
      (codex-rpc-actions (point-min) (point-max))
    (quit (scene-note 'selected (vconcat (cdr (pop scene-asked))))))
  (setq scene-key ?\r)
  ;; Not by a key: no command is to divide what was typed from the edit.
  (call-interactively #'codex-rpc-actions)
  (scene-note 'offered (vconcat (cdr (pop scene-asked))))
  (scene-wait "the fix" (lambda () (string-search "a + b" (scene-text))))
  (scene-note 'after (scene-text))
  (scene-note 'asked (car (pop scene-asked)))
  (scene-note 'silent (null scene-asked))
  (scene-wait "the answer" (lambda () (string-search "Mended." (scene-messages))))
  (scene-type "C-/")
  (scene-note 'undone (scene-text))
  ;; Another command in between makes the next undo go the other way.
  (scene-type "C-a C-/")
  (scene-note 'redone (scene-text))

  (setq scene-key ?\C-g)
  (codex-rpc-ask "why?")
  (scene-wait "the other answer" (lambda () (string-search "It is so." (scene-messages))))
  (scene-note 'closed (car (pop scene-asked)))

  (let* ((server (eglot-current-server))
         (process (jsonrpc--process server))
         (wait (lambda (&rest _)
                 (scene-wait "the end" (lambda () (not (process-live-p process)))))))
    ;; Eglot would kill the server before it can end on its own.
    (advice-add 'jsonrpc-shutdown :before wait)
    (eglot-shutdown server)
    (scene-note 'exit (process-exit-status process)))
  (scene-note 'managed (and (eglot-managed-p) t)))

(setq make-backup-files nil auto-save-default nil)
(condition-case problem
    (scene-play)
  ((error quit)
   (scene-note 'problem (format "%S\n%s" problem (scene-messages)))))
(with-temp-file (getenv "OUTCOME")
  (insert (let ((json-false nil)) (json-encode scene-outcome))))
(set-buffer-modified-p nil)
(kill-emacs 0)
